package operator

func setFastAdd(is bool) { fastAdd = is }
