package operator

func setFastRows(is bool) { fastRows = is }
