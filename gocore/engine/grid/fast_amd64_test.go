package grid

func setFast(is bool) { fast = is }
