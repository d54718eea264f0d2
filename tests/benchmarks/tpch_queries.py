"""The 22 queries of TPC-H on pycylon, as pandas' users would write them: each returns one deferred plan."""

from __future__ import annotations

from datetime import date
from typing import Any


def q1(t: Any) -> Any:
    lines = t.lineitem.lazy()
    lines = lines[lines["l_shipdate"] <= date(1998, 9, 2)]
    lines["disc_price"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    lines["charge"] = lines["disc_price"] * (1 + lines["l_tax"])
    return lines.groupby(["l_returnflag", "l_linestatus"]).agg(
        sum_qty=("l_quantity", "sum"),
        sum_base_price=("l_extendedprice", "sum"),
        sum_disc_price=("disc_price", "sum"),
        sum_charge=("charge", "sum"),
        avg_qty=("l_quantity", "mean"),
        avg_price=("l_extendedprice", "mean"),
        avg_disc=("l_discount", "mean"),
        count_order=("l_quantity", "size"),
    )


def _of_region(suppliers: Any, nation: Any, region: Any, name: str) -> Any:
    region = region[region["r_name"] == name]
    nations = nation.merge(region, left_on="n_regionkey", right_on="r_regionkey")
    return suppliers.merge(nations, left_on="s_nationkey", right_on="n_nationkey")


def q2(t: Any) -> Any:
    part = t.part.lazy()
    part = part[(part["p_size"] == 15) & part["p_type"].str.endswith("BRASS")]
    suppliers = _of_region(t.supplier.lazy(), t.nation.lazy(), t.region.lazy(), "EUROPE")
    offers = t.partsupp.lazy().merge(part, left_on="ps_partkey", right_on="p_partkey")
    offers = offers.merge(suppliers, left_on="ps_suppkey", right_on="s_suppkey")
    least = offers.groupby("p_partkey", sort=False).agg(ps_supplycost=("ps_supplycost", "min"))
    best = offers.merge(least, on=["p_partkey", "ps_supplycost"])
    best = best[["s_acctbal", "s_name", "n_name", "p_partkey", "p_mfgr", "s_address", "s_phone", "s_comment"]]
    by = ["s_acctbal", "n_name", "s_name", "p_partkey"]
    return best.sort_values(by, ascending=[False, True, True, True]).head(100)


def q3(t: Any) -> Any:
    customer, orders, lines = t.customer.lazy(), t.orders.lazy(), t.lineitem.lazy()
    customer = customer[customer["c_mktsegment"] == "BUILDING"]
    orders = orders[orders["o_orderdate"] < date(1995, 3, 15)]
    lines = lines[lines["l_shipdate"] > date(1995, 3, 15)]
    orders = orders.merge(customer, left_on="o_custkey", right_on="c_custkey", how="leftsemi")
    lines = lines.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    lines["revenue"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    keys = ["l_orderkey", "o_orderdate", "o_shippriority"]
    sums = lines.groupby(keys, sort=False).agg(revenue=("revenue", "sum"))
    sums = sums.sort_values(["revenue", "o_orderdate"], ascending=[False, True]).head(10)
    return sums[["l_orderkey", "revenue", "o_orderdate", "o_shippriority"]]


def q4(t: Any) -> Any:
    orders, lines = t.orders.lazy(), t.lineitem.lazy()
    orders = orders[(orders["o_orderdate"] >= date(1993, 7, 1)) & (orders["o_orderdate"] < date(1993, 10, 1))]
    late = lines[lines["l_commitdate"] < lines["l_receiptdate"]]
    orders = orders.merge(late, left_on="o_orderkey", right_on="l_orderkey", how="leftsemi")
    return orders.groupby("o_orderpriority").agg(order_count=("o_orderkey", "size"))


def q5(t: Any) -> Any:
    orders = t.orders.lazy()
    orders = orders[(orders["o_orderdate"] >= date(1994, 1, 1)) & (orders["o_orderdate"] < date(1995, 1, 1))]
    suppliers = _of_region(t.supplier.lazy(), t.nation.lazy(), t.region.lazy(), "ASIA")
    orders = orders.merge(t.customer.lazy(), left_on="o_custkey", right_on="c_custkey")
    lines = t.lineitem.lazy().merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    lines = lines.merge(suppliers, left_on=["l_suppkey", "c_nationkey"], right_on=["s_suppkey", "s_nationkey"])
    lines["revenue"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    return lines.groupby("n_name").agg(revenue=("revenue", "sum")).sort_values("revenue", ascending=False)


def q6(t: Any) -> Any:
    lines = t.lineitem.lazy()
    lines = lines[
        (lines["l_shipdate"] >= date(1994, 1, 1))
        & (lines["l_shipdate"] < date(1995, 1, 1))
        & lines["l_discount"].between(0.05, 0.07)
        & (lines["l_quantity"] < 24)
    ]
    return lines.assign(revenue=lines["l_extendedprice"] * lines["l_discount"]).agg(revenue=("revenue", "sum"))


def q7(t: Any) -> Any:
    lines = t.lineitem.lazy()
    lines = lines[lines["l_shipdate"].between(date(1995, 1, 1), date(1996, 12, 31))]
    nation = t.nation.lazy()
    nation = nation[nation["n_name"].isin(["FRANCE", "GERMANY"])][["n_nationkey", "n_name"]]
    suppliers = t.supplier.lazy().merge(nation, left_on="s_nationkey", right_on="n_nationkey")
    suppliers = suppliers.rename(columns={"n_name": "supp_nation"})[["s_suppkey", "supp_nation"]]
    customers = t.customer.lazy().merge(nation, left_on="c_nationkey", right_on="n_nationkey")
    customers = customers.rename(columns={"n_name": "cust_nation"})[["c_custkey", "cust_nation"]]
    orders = t.orders.lazy().merge(customers, left_on="o_custkey", right_on="c_custkey")
    lines = lines.merge(suppliers, left_on="l_suppkey", right_on="s_suppkey")
    lines = lines.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    lines = lines[lines["supp_nation"] != lines["cust_nation"]]
    lines["l_year"] = lines["l_shipdate"].dt.year
    lines["volume"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    return lines.groupby(["supp_nation", "cust_nation", "l_year"]).agg(revenue=("volume", "sum"))


def q8(t: Any) -> Any:
    part, orders, region = t.part.lazy(), t.orders.lazy(), t.region.lazy()
    part = part[part["p_type"] == "ECONOMY ANODIZED STEEL"]
    orders = orders[orders["o_orderdate"].between(date(1995, 1, 1), date(1996, 12, 31))]
    nation = t.nation.lazy()
    american = nation.merge(region[region["r_name"] == "AMERICA"], left_on="n_regionkey", right_on="r_regionkey")
    customers = t.customer.lazy().merge(american, left_on="c_nationkey", right_on="n_nationkey", how="leftsemi")
    suppliers = t.supplier.lazy().merge(nation, left_on="s_nationkey", right_on="n_nationkey")
    lines = t.lineitem.lazy().merge(part, left_on="l_partkey", right_on="p_partkey", how="leftsemi")
    lines = lines.merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    lines = lines.merge(customers, left_on="o_custkey", right_on="c_custkey", how="leftsemi")
    lines = lines.merge(suppliers, left_on="l_suppkey", right_on="s_suppkey")
    lines["o_year"] = lines["o_orderdate"].dt.year
    lines["volume"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    lines["brazil"] = lines["volume"].where(lines["n_name"] == "BRAZIL", 0.0)
    sums = lines.groupby("o_year").agg(brazil=("brazil", "sum"), volume=("volume", "sum"))
    sums["mkt_share"] = sums["brazil"] / sums["volume"]
    return sums[["o_year", "mkt_share"]]


def q9(t: Any) -> Any:
    part = t.part.lazy()
    part = part[part["p_name"].str.contains("green", regex=False)]
    offers = t.partsupp.lazy().merge(part, left_on="ps_partkey", right_on="p_partkey", how="leftsemi")
    suppliers = t.supplier.lazy().merge(t.nation.lazy(), left_on="s_nationkey", right_on="n_nationkey")
    offers = offers.merge(suppliers, left_on="ps_suppkey", right_on="s_suppkey")
    lines = t.lineitem.lazy().merge(offers, left_on=["l_partkey", "l_suppkey"], right_on=["ps_partkey", "ps_suppkey"])
    lines = lines.merge(t.orders.lazy(), left_on="l_orderkey", right_on="o_orderkey")
    lines["o_year"] = lines["o_orderdate"].dt.year
    lines["amount"] = (
        lines["l_extendedprice"] * (1 - lines["l_discount"]) - lines["ps_supplycost"] * lines["l_quantity"]
    )
    sums = lines.groupby(["n_name", "o_year"], sort=False).agg(sum_profit=("amount", "sum"))
    return sums.sort_values(["n_name", "o_year"], ascending=[True, False]).rename(columns={"n_name": "nation"})


def q10(t: Any) -> Any:
    orders, lines = t.orders.lazy(), t.lineitem.lazy()
    orders = orders[(orders["o_orderdate"] >= date(1993, 10, 1)) & (orders["o_orderdate"] < date(1994, 1, 1))]
    lines = lines[lines["l_returnflag"] == "R"].merge(orders, left_on="l_orderkey", right_on="o_orderkey")
    lines["revenue"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    # What is grouped by the other columns of a customer is grouped by its key: they join the 20 rows that are left.
    sums = lines.groupby("o_custkey", sort=False).agg(revenue=("revenue", "sum"))
    sums = sums.nlargest(20, "revenue").merge(t.customer.lazy(), left_on="o_custkey", right_on="c_custkey")
    sums = sums.merge(t.nation.lazy(), left_on="c_nationkey", right_on="n_nationkey")
    columns = ["c_custkey", "c_name", "revenue", "c_acctbal", "n_name", "c_address", "c_phone", "c_comment"]
    return sums[columns].sort_values("revenue", ascending=False)


def q11(t: Any) -> Any:
    nation = t.nation.lazy()
    suppliers = t.supplier.lazy().merge(
        nation[nation["n_name"] == "GERMANY"], left_on="s_nationkey", right_on="n_nationkey", how="leftsemi"
    )
    offers = t.partsupp.lazy().merge(suppliers, left_on="ps_suppkey", right_on="s_suppkey", how="leftsemi")
    offers["value"] = offers["ps_supplycost"] * offers["ps_availqty"]
    sums = offers.groupby("ps_partkey", sort=False).agg(value=("value", "sum"))
    sums = sums.merge(offers.agg(total=("value", "sum")), how="cross")
    return sums[sums["value"] > sums["total"] * 0.0001][["ps_partkey", "value"]].sort_values("value", ascending=False)


def q12(t: Any) -> Any:
    lines = t.lineitem.lazy()
    lines = lines[
        lines["l_shipmode"].isin(["MAIL", "SHIP"])
        & (lines["l_commitdate"] < lines["l_receiptdate"])
        & (lines["l_shipdate"] < lines["l_commitdate"])
        & (lines["l_receiptdate"] >= date(1994, 1, 1))
        & (lines["l_receiptdate"] < date(1995, 1, 1))
    ]
    lines = lines.merge(t.orders.lazy(), left_on="l_orderkey", right_on="o_orderkey")
    lines["high"] = lines["o_orderpriority"].isin(["1-URGENT", "2-HIGH"])
    lines["low"] = ~lines["high"]
    return lines.groupby("l_shipmode").agg(high_line_count=("high", "sum"), low_line_count=("low", "sum"))


def q13(t: Any) -> Any:
    orders = t.orders.lazy()
    orders = orders[~orders["o_comment"].str.contains("special.*requests")]
    # A customer without orders counts 0: the orders are counted first, so that fewer rows are joined.
    counts = orders.groupby("o_custkey", sort=False).agg(c_count=("o_orderkey", "count"))
    customers = t.customer.lazy().merge(counts, left_on="c_custkey", right_on="o_custkey", how="left")
    customers["c_count"] = customers["c_count"].fillna(0)
    counts = customers.groupby("c_count", sort=False).agg(custdist=("c_custkey", "size"))
    return counts.sort_values(["custdist", "c_count"], ascending=False)


def q14(t: Any) -> Any:
    lines = t.lineitem.lazy()
    lines = lines[(lines["l_shipdate"] >= date(1995, 9, 1)) & (lines["l_shipdate"] < date(1995, 10, 1))]
    lines = lines.merge(t.part.lazy(), left_on="l_partkey", right_on="p_partkey")
    lines["revenue"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    lines["promo"] = lines["revenue"].where(lines["p_type"].str.startswith("PROMO"), 0.0)
    sums = lines.agg(promo=("promo", "sum"), revenue=("revenue", "sum"))
    return sums.assign(promo_revenue=100.0 * sums["promo"] / sums["revenue"])[["promo_revenue"]]


def q15(t: Any) -> Any:
    lines = t.lineitem.lazy()
    lines = lines[(lines["l_shipdate"] >= date(1996, 1, 1)) & (lines["l_shipdate"] < date(1996, 4, 1))]
    lines["revenue"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    sums = lines.groupby("l_suppkey", sort=False).agg(total_revenue=("revenue", "sum"))
    best = sums.merge(sums.agg(most=("total_revenue", "max")), how="cross")
    best = best[best["total_revenue"] >= best["most"]]
    best = t.supplier.lazy().merge(best, left_on="s_suppkey", right_on="l_suppkey")
    return best[["s_suppkey", "s_name", "s_address", "s_phone", "total_revenue"]].sort_values("s_suppkey")


def q16(t: Any) -> Any:
    part, supplier = t.part.lazy(), t.supplier.lazy()
    part = part[
        (part["p_brand"] != "Brand#45")
        & ~part["p_type"].str.startswith("MEDIUM POLISHED")
        & part["p_size"].isin([49, 14, 23, 45, 19, 3, 36, 9])
    ]
    complained = supplier[supplier["s_comment"].str.contains("Customer.*Complaints")]
    offers = t.partsupp.lazy().merge(part, left_on="ps_partkey", right_on="p_partkey")
    offers = offers.merge(complained, left_on="ps_suppkey", right_on="s_suppkey", how="leftanti")
    counts = offers.groupby(["p_brand", "p_type", "p_size"], sort=False).agg(supplier_cnt=("ps_suppkey", "nunique"))
    return counts.sort_values(["supplier_cnt", "p_brand", "p_type", "p_size"], ascending=[False, True, True, True])


def q17(t: Any) -> Any:
    part = t.part.lazy()
    part = part[(part["p_brand"] == "Brand#23") & (part["p_container"] == "MED BOX")]
    lines = t.lineitem.lazy().merge(part, left_on="l_partkey", right_on="p_partkey", how="leftsemi")
    means = lines.groupby("l_partkey", sort=False).agg(mean=("l_quantity", "mean"))
    lines = lines.merge(means, on="l_partkey")
    sums = lines[lines["l_quantity"] < 0.2 * lines["mean"]].agg(total=("l_extendedprice", "sum"))
    return sums.assign(avg_yearly=sums["total"] / 7.0)[["avg_yearly"]]


def q18(t: Any) -> Any:
    sums = t.lineitem.lazy().groupby("l_orderkey", sort=False).agg(sum_qty=("l_quantity", "sum"))
    orders = t.orders.lazy().merge(sums[sums["sum_qty"] > 300], left_on="o_orderkey", right_on="l_orderkey")
    orders = orders.merge(t.customer.lazy(), left_on="o_custkey", right_on="c_custkey")
    orders = orders[["c_name", "c_custkey", "o_orderkey", "o_orderdate", "o_totalprice", "sum_qty"]]
    return orders.sort_values(["o_totalprice", "o_orderdate"], ascending=[False, True]).head(100)


def q19(t: Any) -> Any:
    lines = t.lineitem.lazy()
    lines = lines[
        lines["l_shipmode"].isin(["AIR", "AIR REG"]) & (lines["l_shipinstruct"] == "DELIVER IN PERSON")
    ].merge(t.part.lazy(), left_on="l_partkey", right_on="p_partkey")

    def fits(brand: str, containers: list[str], quantity: int, size: int) -> Any:
        return (
            (lines["p_brand"] == brand)
            & lines["p_container"].isin(containers)
            & lines["l_quantity"].between(quantity, quantity + 10)
            & lines["p_size"].between(1, size)
        )

    lines = lines[
        fits("Brand#12", ["SM CASE", "SM BOX", "SM PACK", "SM PKG"], 1, 5)
        | fits("Brand#23", ["MED BAG", "MED BOX", "MED PKG", "MED PACK"], 10, 10)
        | fits("Brand#34", ["LG CASE", "LG BOX", "LG PACK", "LG PKG"], 20, 15)
    ]
    lines["revenue"] = lines["l_extendedprice"] * (1 - lines["l_discount"])
    return lines.agg(revenue=("revenue", "sum"))


def q20(t: Any) -> Any:
    lines, part, nation = t.lineitem.lazy(), t.part.lazy(), t.nation.lazy()
    part = part[part["p_name"].str.startswith("forest")]
    lines = lines[(lines["l_shipdate"] >= date(1994, 1, 1)) & (lines["l_shipdate"] < date(1995, 1, 1))]
    offers = t.partsupp.lazy().merge(part, left_on="ps_partkey", right_on="p_partkey", how="leftsemi")
    lines = lines.merge(
        offers, left_on=["l_partkey", "l_suppkey"], right_on=["ps_partkey", "ps_suppkey"], how="leftsemi"
    )
    sums = lines.groupby(["l_partkey", "l_suppkey"], sort=False).agg(quantity=("l_quantity", "sum"))
    offers = offers.merge(sums, left_on=["ps_partkey", "ps_suppkey"], right_on=["l_partkey", "l_suppkey"])
    offers = offers[offers["ps_availqty"] > 0.5 * offers["quantity"]]
    suppliers = t.supplier.lazy().merge(
        nation[nation["n_name"] == "CANADA"], left_on="s_nationkey", right_on="n_nationkey", how="leftsemi"
    )
    suppliers = suppliers.merge(offers, left_on="s_suppkey", right_on="ps_suppkey", how="leftsemi")
    return suppliers[["s_name", "s_address"]].sort_values("s_name")


def q21(t: Any) -> Any:
    lines, orders, nation = t.lineitem.lazy(), t.orders.lazy(), t.nation.lazy()
    suppliers = t.supplier.lazy().merge(
        nation[nation["n_name"] == "SAUDI ARABIA"], left_on="s_nationkey", right_on="n_nationkey", how="leftsemi"
    )
    late = lines[lines["l_receiptdate"] > lines["l_commitdate"]]
    late = late.merge(suppliers, left_on="l_suppkey", right_on="s_suppkey", how="leftsemi")
    orders = orders[orders["o_orderstatus"] == "F"]
    late = late.merge(orders, left_on="l_orderkey", right_on="o_orderkey", how="leftsemi")
    # An order's lines are of one supplier where the least and the greatest of them are the same.
    of_late = lines.merge(late, on="l_orderkey", how="leftsemi")
    of_late = of_late[of_late["l_receiptdate"] > of_late["l_commitdate"]]
    one = of_late.groupby("l_orderkey", sort=False).agg(low=("l_suppkey", "min"), high=("l_suppkey", "max"))
    lines = lines.merge(one[one["low"] == one["high"]], on="l_orderkey", how="leftsemi")
    several = lines.groupby("l_orderkey", sort=False).agg(low=("l_suppkey", "min"), high=("l_suppkey", "max"))
    late = late.merge(several[several["low"] != several["high"]], on="l_orderkey", how="leftsemi")
    late = late.merge(suppliers, left_on="l_suppkey", right_on="s_suppkey")
    counts = late.groupby("s_name", sort=False).agg(numwait=("l_orderkey", "size"))
    return counts.sort_values(["numwait", "s_name"], ascending=[False, True]).head(100)


def q22(t: Any) -> Any:
    customer = t.customer.lazy()
    customer["cntrycode"] = customer["c_phone"].str.slice(0, 2)
    customer = customer[customer["cntrycode"].isin(["13", "31", "23", "29", "30", "18", "17"])]
    mean = customer[customer["c_acctbal"] > 0.0].agg(mean=("c_acctbal", "mean"))
    customer = customer.merge(mean, how="cross")
    customer = customer[customer["c_acctbal"] > customer["mean"]]
    customer = customer.merge(t.orders.lazy(), left_on="c_custkey", right_on="o_custkey", how="leftanti")
    return customer.groupby("cntrycode").agg(numcust=("c_custkey", "size"), totacctbal=("c_acctbal", "sum"))
