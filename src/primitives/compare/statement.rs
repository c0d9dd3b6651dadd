//! The statements that compare two relations, as text. Pure.
//!
//! The difference is computed where the rows are: `EXCEPT ALL` both ways, so that rows count as
//! often as they are there and NULL equals NULL; with a key, what is left over is matched by it. Only
//! counts and bounded samples are selected. Start reading at [`Comparison::counts`].

use std::fmt::Write;

use super::columns::How;
use super::columns::Shared;
use super::found::Kind;
use crate::name::Ident;
use crate::name::ObjectName;
use crate::name::literal;
use crate::sql::parse;

/// What may be said about differing rows in SQL.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Predicate {
    sql: String,
    /// Whether it names `before.` and `after.`; else it is about a row wherever that stands.
    qualified: bool,
}

impl Predicate {
    /// Reads a predicate.
    ///
    /// # Errors
    /// What the reader of SQL says.
    pub(super) fn parse(sql: &str) -> Result<Self, String> {
        // A comment at its end must not take the parenthesis with it.
        let text = format!("SELECT * FROM \"before\", \"after\" WHERE ({sql}\n)");
        let query = parse::query(&text).map_err(|error| error.to_string())?;
        let sides = |ident: &Ident| matches!(ident.as_str(), "before" | "after");
        let named = |parts: &[Ident]| matches!(parts, [one] if sides(one));
        // What only the server can read is looked at as text.
        let guessed = query.opaque().is_some()
            && ["before.", "after."].iter().any(|side| sql.to_ascii_lowercase().contains(side));
        let qualified = guessed || query.qualifiers().iter().any(|qualifier| named(&qualifier.name.parts));
        Ok(Self { sql: sql.to_owned(), qualified })
    }

    /// For a person whose condition the server refused.
    pub(super) fn told(&self) -> String {
        let scope = if self.qualified {
            "its columns go by `before.` and `after.`"
        } else {
            "its columns go by their names"
        };
        format!("`allow` is: {}  ({scope})", self.sql)
    }

    /// As a condition that is never NULL.
    fn condition(&self) -> String {
        format!("coalesce(({}\n), false)", self.sql)
    }
}

/// Two relations that are compared.
#[derive(Clone, Debug)]
pub(super) struct Comparison {
    /// Production's.
    pub(super) blue: ObjectName,
    /// The deployment's.
    pub(super) green: ObjectName,
    /// The columns that both have.
    pub(super) columns: Vec<Shared>,
    /// Places of the key's columns among them; empty for none.
    pub(super) key: Vec<usize>,
    /// What is intended.
    pub(super) allow: Option<Predicate>,
}

/// `c1`, the name of a column inside the statements, which no name of a project can disturb.
pub(super) fn column(prefix: &str, at: usize) -> String {
    format!("{prefix}{}", at + 1)
}

impl Comparison {
    /// Asks for the counts: one row.
    pub(super) fn counts(&self) -> String {
        let mut counts = vec![
            ("rows_blue", "blue".to_owned()),
            ("rows_green", "green".to_owned()),
            ("removed", "removed".to_owned()),
            ("added", "added".to_owned()),
        ];
        if !self.key.is_empty() {
            let keys = self.keys();
            let twice = |side: &str| {
                format!("(SELECT 1 AS one FROM {side} GROUP BY {keys} HAVING count(*) > 1) AS twice")
            };
            counts.push(("changed", "once".to_owned()));
            counts.push(("twice_blue", twice("blue")));
            counts.push(("twice_green", twice("green")));
        }
        let mut ctes = self.sides();
        if self.allow.is_some() {
            self.judged(&mut ctes);
            counts.push(("allowed_added", "judged_added WHERE ok".to_owned()));
            counts.push(("allowed_removed", "judged_removed WHERE ok".to_owned()));
            if !self.key.is_empty() {
                counts.push(("allowed_changed", "judged_changed WHERE ok".to_owned()));
            }
        }
        let counts: Vec<String> =
            counts.iter().map(|(name, from)| format!("(SELECT count(*) FROM {from}) AS {name}")).collect();
        format!("WITH {ctes}\nSELECT mz_now()::text AS read_at,\n  {}", counts.join(",\n  "))
    }

    /// Asks for the numbers of rows alone: one row.
    pub(super) fn row_counts(&self) -> String {
        format!(
            "SELECT (SELECT count(*) FROM {}) AS rows_blue, (SELECT count(*) FROM {}) AS rows_green",
            self.blue.sql(),
            self.green.sql()
        )
    }

    /// Asks for differing rows of one kind, those that are not allowed first.
    pub(super) fn rows(&self, kind: Kind, most: usize) -> String {
        let mut ctes = self.sides();
        let (changed, only) = match kind {
            Kind::Changed => (true, "changed"),
            Kind::Added => (false, if self.key.is_empty() { "added" } else { "only_added" }),
            Kind::Removed => (false, if self.key.is_empty() { "removed" } else { "only_removed" }),
        };
        let from = if self.allow.is_some() {
            self.judged(&mut ctes);
            format!("judged_{}", kind.as_str())
        } else {
            self.pairs(&mut ctes);
            only.to_owned()
        };
        let prefixes: &[&str] = if changed { &["b", "a"] } else { &["c"] };
        let all = || prefixes.iter().flat_map(|prefix| self.each(move |at, _| column(prefix, at)));
        let selected = prefixes.iter().flat_map(|prefix| {
            self.each(move |at, shared| {
                let name = column(prefix, at);
                if shared.is_none_or(|shared| shared.typed) {
                    name
                } else {
                    format!("{name}::text AS {name}")
                }
            })
        });
        let selected: Vec<String> = selected.chain(self.allow.is_some().then(|| "ok".to_owned())).collect();
        let order: Vec<String> =
            self.allow.is_some().then(|| "ok".to_owned()).into_iter().chain(all()).collect();
        let (selected, order) = (selected.join(", "), order.join(", "));
        format!("WITH {ctes}\nSELECT {selected} FROM {from} ORDER BY {order} LIMIT {most}")
    }

    /// Something for each column, in order; for a lone constant where the two have none in common.
    fn each<'a>(&'a self, text: impl Fn(usize, Option<&'a Shared>) -> String) -> Vec<String> {
        if self.columns.is_empty() {
            return vec![text(0, None)];
        }
        self.columns.iter().enumerate().map(|(at, shared)| text(at, Some(shared))).collect()
    }

    /// The key's columns.
    fn keys(&self) -> String {
        let keys: Vec<String> = self.key.iter().map(|at| column("c", *at)).collect();
        keys.join(", ")
    }

    /// The condition that two relations have the same key, NULL included.
    fn same_key(&self, left: &str, right: &str) -> String {
        let same = self.key.iter().map(|at| {
            let key = column("c", *at);
            format!("{left}.{key} IS NOT DISTINCT FROM {right}.{key}")
        });
        same.collect::<Vec<_>>().join(" AND ")
    }

    /// Both sides, and what each has more often than the other.
    fn sides(&self) -> String {
        let values = self.each(|at, shared| match shared {
            Some(shared) => format!("{} AS {}", value(shared), column("c", at)),
            None => format!("1 AS {}", column("c", at)),
        });
        let values = values.join(", ");
        let (blue, green) = (self.blue.sql(), self.green.sql());
        let mut ctes = format!(
            "blue AS (SELECT {values} FROM {blue}),\ngreen AS (SELECT {values} FROM {green}),\n\
             removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),\n\
             added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue)"
        );
        if !self.key.is_empty() {
            let keys = self.keys();
            // A key of which one row went and one came.
            let _ = write!(
                ctes,
                ",\nonce AS (SELECT {keys} FROM (SELECT {keys}, 1 AS minus, 0 AS plus FROM removed \
                 UNION ALL SELECT {keys}, 0 AS minus, 1 AS plus FROM added) AS differing \
                 GROUP BY {keys} HAVING sum(minus) = 1 AND sum(plus) = 1)"
            );
        }
        ctes
    }

    /// With a key: the rows that changed, before and after, and those that only went or came.
    fn pairs(&self, ctes: &mut String) {
        if self.key.is_empty() {
            return;
        }
        let list = |from: &str, prefix: &str| {
            let columns = self.each(|at, _| format!("{from}.{} AS {}", column("c", at), column(prefix, at)));
            columns.join(", ")
        };
        let prefixed = |prefix: &str| self.each(|at, _| column(prefix, at)).join(", ");
        let (before, after) = (list("removed", "b"), list("added", "a"));
        let (gone, came) = (self.same_key("once", "removed"), self.same_key("once", "added"));
        let (b, a) = (prefixed("b"), prefixed("a"));
        let _ = write!(
            ctes,
            ",\nchanged AS (SELECT {before}, {after} FROM once JOIN removed ON {gone} JOIN added ON {came}),\n\
             only_removed AS (SELECT * FROM removed EXCEPT ALL SELECT {b} FROM changed),\n\
             only_added AS (SELECT * FROM added EXCEPT ALL SELECT {a} FROM changed)"
        );
    }

    /// Every differing row with whether it is allowed.
    fn judged(&self, ctes: &mut String) {
        let Some(predicate) = &self.allow else { return };
        self.pairs(ctes);
        let keyed = !self.key.is_empty();
        let (added, removed) = if keyed { ("only_added", "only_removed") } else { ("added", "removed") };
        if predicate.qualified {
            self.judged_by_sides(ctes, &predicate.condition(), (added, removed));
        } else {
            self.judged_alone(ctes, &predicate.condition(), (added, removed));
        }
    }

    /// Both sides are in scope, as `before` and `after`; what is not there is NULL.
    fn judged_by_sides(&self, ctes: &mut String, condition: &str, (added, removed): (&str, &str)) {
        let none = |side: &str, of: &str| format!("({} WHERE false) AS \"{side}\"", self.named("", of, "c"));
        let given =
            |side: &str, of: &str, prefix: &str| format!("({}) AS \"{side}\"", self.named("", of, prefix));
        let change = |word: &str| format!("(SELECT {} AS change) AS difference", literal(word));
        for (kind, (own, of), (other, like)) in [
            ("added", ("after", added), ("before", "removed")),
            ("removed", ("before", removed), ("after", "added")),
        ] {
            let (columns, change) = (self.renamed(own, "c"), change(kind));
            let (given, none) = (given(own, of, "c"), none(other, like));
            let _ = write!(
                ctes,
                ",\njudged_{kind} AS (SELECT {columns}, {condition} AS ok \
                 FROM {change} CROSS JOIN {given} LEFT JOIN {none} ON false)"
            );
        }
        if self.key.is_empty() {
            return;
        }
        let same = self.key.iter().filter_map(|at| {
            let name = self.columns.get(*at)?.name.sql();
            Some(format!("\"before\".{name} IS NOT DISTINCT FROM \"after\".{name}"))
        });
        let same = same.collect::<Vec<_>>().join(" AND ");
        let (b, a) = (self.renamed("before", "b"), self.renamed("after", "a"));
        let (before, after) = (given("before", "changed", "b"), given("after", "changed", "a"));
        let change = change("changed");
        let _ = write!(
            ctes,
            ",\njudged_changed AS (SELECT {b}, {a}, {condition} AS ok \
             FROM {change} CROSS JOIN {before} JOIN {after} ON {same})"
        );
    }

    /// A row's columns are in scope by their names; of a changed row it has to hold before and after.
    fn judged_alone(&self, ctes: &mut String, condition: &str, (added, removed): (&str, &str)) {
        // A column of that name hides what happened.
        let hidden = self.columns.iter().any(|shared| shared.name.as_str() == "change");
        let alone = |name: &str, kind: &str, of: &str, prefix: &str| {
            let change = if hidden { String::new() } else { format!("{} AS change, ", literal(kind)) };
            let (columns, named) = (self.renamed("row", "c"), self.named(&change, of, prefix));
            format!(",\njudged_{name} AS (SELECT {columns}, {condition} AS ok FROM ({named}) AS \"row\")")
        };
        *ctes += &alone("added", "added", added, "c");
        *ctes += &alone("removed", "removed", removed, "c");
        if self.key.is_empty() {
            return;
        }
        *ctes += &alone("before", "changed", "changed", "b");
        *ctes += &alone("after", "changed", "changed", "a");
        let list = |from: &str, prefix: &str| {
            self.each(|at, _| format!("{from}.{} AS {}", column("c", at), column(prefix, at))).join(", ")
        };
        let (b, a) = (list("judged_before", "b"), list("judged_after", "a"));
        let same = self.same_key("judged_before", "judged_after");
        let _ = write!(
            ctes,
            ",\njudged_changed AS (SELECT {b}, {a}, judged_before.ok AND judged_after.ok AS ok \
             FROM judged_before JOIN judged_after ON {same})"
        );
    }

    /// A query that gives columns their own names back.
    fn named(&self, change: &str, of: &str, prefix: &str) -> String {
        let names = self.each(|at, shared| {
            let name = shared.map_or_else(|| column("c", at), |shared| shared.name.sql());
            format!("{} AS {name}", column(prefix, at))
        });
        format!("SELECT {change}{} FROM {of}", names.join(", "))
    }

    /// Columns with their own names, under the names that the statements use.
    fn renamed(&self, side: &str, prefix: &str) -> String {
        let names = self.each(|at, shared| {
            let name = shared.map_or_else(|| column("c", at), |shared| shared.name.sql());
            format!("\"{side}\".{name} AS {}", column(prefix, at))
        });
        names.join(", ")
    }
}

/// A column as it is compared.
fn value(shared: &Shared) -> String {
    let name = shared.name.sql();
    match shared.how {
        How::AsIs => name,
        How::As(of) => format!("{name}::{of}"),
        How::Text => format!("{name}::text"),
        How::Float(of) => format!(
            "CASE WHEN {name} = 'NaN'::{of} THEN 'NaN'::{of} WHEN {name} = 0 THEN 0::{of} ELSE {name}::{of} END"
        ),
    }
}

#[cfg(test)]
mod tests {
    use expect_test::Expect;
    use expect_test::expect;

    use super::*;

    fn comparison(columns: &[(&str, How)], key: &[usize], allow: Option<&str>) -> Comparison {
        let shared = |(name, how): &(&str, How)| Shared {
            name: Ident::new(name).expect("a name"),
            how: how.clone(),
            typed: *how != How::As("interval"),
        };
        Comparison {
            blue: "shop.core.orders".parse().expect("a name"),
            green: "shop.\"core__g__mzf\".orders".parse().expect("a name"),
            columns: columns.iter().map(shared).collect(),
            key: key.to_vec(),
            allow: allow.map(|sql| Predicate::parse(sql).expect("a condition")),
        }
    }

    #[track_caller]
    fn check(sql: &str, expected: Expect) {
        expected.assert_eq(sql);
    }

    #[test]
    fn whole_rows() {
        let columns = [("id", How::AsIs), ("a \"b\"", How::Float("float8")), ("tags", How::Text)];
        let rows = comparison(&columns, &[], None);
        check(
            &rows.counts(),
            expect![[r#"
            WITH blue AS (SELECT "id" AS c1, CASE WHEN "a ""b""" = 'NaN'::float8 THEN 'NaN'::float8 WHEN "a ""b""" = 0 THEN 0::float8 ELSE "a ""b"""::float8 END AS c2, "tags"::text AS c3 FROM "shop"."core"."orders"),
            green AS (SELECT "id" AS c1, CASE WHEN "a ""b""" = 'NaN'::float8 THEN 'NaN'::float8 WHEN "a ""b""" = 0 THEN 0::float8 ELSE "a ""b"""::float8 END AS c2, "tags"::text AS c3 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue)
            SELECT mz_now()::text AS read_at,
              (SELECT count(*) FROM blue) AS rows_blue,
              (SELECT count(*) FROM green) AS rows_green,
              (SELECT count(*) FROM removed) AS removed,
              (SELECT count(*) FROM added) AS added"#]],
        );
        check(
            &rows.rows(Kind::Added, 10),
            expect![[r#"
            WITH blue AS (SELECT "id" AS c1, CASE WHEN "a ""b""" = 'NaN'::float8 THEN 'NaN'::float8 WHEN "a ""b""" = 0 THEN 0::float8 ELSE "a ""b"""::float8 END AS c2, "tags"::text AS c3 FROM "shop"."core"."orders"),
            green AS (SELECT "id" AS c1, CASE WHEN "a ""b""" = 'NaN'::float8 THEN 'NaN'::float8 WHEN "a ""b""" = 0 THEN 0::float8 ELSE "a ""b"""::float8 END AS c2, "tags"::text AS c3 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue)
            SELECT c1, c2, c3 FROM added ORDER BY c1, c2, c3 LIMIT 10"#]],
        );
        check(
            &comparison(&[], &[], None).counts(),
            expect![[r#"
            WITH blue AS (SELECT 1 AS c1 FROM "shop"."core"."orders"),
            green AS (SELECT 1 AS c1 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue)
            SELECT mz_now()::text AS read_at,
              (SELECT count(*) FROM blue) AS rows_blue,
              (SELECT count(*) FROM green) AS rows_green,
              (SELECT count(*) FROM removed) AS removed,
              (SELECT count(*) FROM added) AS added"#]],
        );
    }

    #[test]
    fn by_key() {
        let columns = [("id", How::AsIs), ("took", How::As("interval"))];
        let keyed = comparison(&columns, &[0], None);
        check(
            &keyed.counts(),
            expect![[r#"
            WITH blue AS (SELECT "id" AS c1, "took"::interval AS c2 FROM "shop"."core"."orders"),
            green AS (SELECT "id" AS c1, "took"::interval AS c2 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue),
            once AS (SELECT c1 FROM (SELECT c1, 1 AS minus, 0 AS plus FROM removed UNION ALL SELECT c1, 0 AS minus, 1 AS plus FROM added) AS differing GROUP BY c1 HAVING sum(minus) = 1 AND sum(plus) = 1)
            SELECT mz_now()::text AS read_at,
              (SELECT count(*) FROM blue) AS rows_blue,
              (SELECT count(*) FROM green) AS rows_green,
              (SELECT count(*) FROM removed) AS removed,
              (SELECT count(*) FROM added) AS added,
              (SELECT count(*) FROM once) AS changed,
              (SELECT count(*) FROM (SELECT 1 AS one FROM blue GROUP BY c1 HAVING count(*) > 1) AS twice) AS twice_blue,
              (SELECT count(*) FROM (SELECT 1 AS one FROM green GROUP BY c1 HAVING count(*) > 1) AS twice) AS twice_green"#]],
        );
        check(
            &keyed.rows(Kind::Changed, 2),
            expect![[r#"
            WITH blue AS (SELECT "id" AS c1, "took"::interval AS c2 FROM "shop"."core"."orders"),
            green AS (SELECT "id" AS c1, "took"::interval AS c2 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue),
            once AS (SELECT c1 FROM (SELECT c1, 1 AS minus, 0 AS plus FROM removed UNION ALL SELECT c1, 0 AS minus, 1 AS plus FROM added) AS differing GROUP BY c1 HAVING sum(minus) = 1 AND sum(plus) = 1),
            changed AS (SELECT removed.c1 AS b1, removed.c2 AS b2, added.c1 AS a1, added.c2 AS a2 FROM once JOIN removed ON once.c1 IS NOT DISTINCT FROM removed.c1 JOIN added ON once.c1 IS NOT DISTINCT FROM added.c1),
            only_removed AS (SELECT * FROM removed EXCEPT ALL SELECT b1, b2 FROM changed),
            only_added AS (SELECT * FROM added EXCEPT ALL SELECT a1, a2 FROM changed)
            SELECT b1, b2::text AS b2, a1, a2::text AS a2 FROM changed ORDER BY b1, b2, a1, a2 LIMIT 2"#]],
        );
        check(
            &keyed.rows(Kind::Removed, 2),
            expect![[r#"
            WITH blue AS (SELECT "id" AS c1, "took"::interval AS c2 FROM "shop"."core"."orders"),
            green AS (SELECT "id" AS c1, "took"::interval AS c2 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue),
            once AS (SELECT c1 FROM (SELECT c1, 1 AS minus, 0 AS plus FROM removed UNION ALL SELECT c1, 0 AS minus, 1 AS plus FROM added) AS differing GROUP BY c1 HAVING sum(minus) = 1 AND sum(plus) = 1),
            changed AS (SELECT removed.c1 AS b1, removed.c2 AS b2, added.c1 AS a1, added.c2 AS a2 FROM once JOIN removed ON once.c1 IS NOT DISTINCT FROM removed.c1 JOIN added ON once.c1 IS NOT DISTINCT FROM added.c1),
            only_removed AS (SELECT * FROM removed EXCEPT ALL SELECT b1, b2 FROM changed),
            only_added AS (SELECT * FROM added EXCEPT ALL SELECT a1, a2 FROM changed)
            SELECT c1, c2::text AS c2 FROM only_removed ORDER BY c1, c2 LIMIT 2"#]],
        );
    }

    #[test]
    fn what_is_allowed() {
        let columns = [("id", How::AsIs), ("state", How::AsIs)];
        let plain = comparison(&columns, &[0], Some("state = 'new' -- since May"));
        check(
            &plain.counts(),
            expect![[r#"
            WITH blue AS (SELECT "id" AS c1, "state" AS c2 FROM "shop"."core"."orders"),
            green AS (SELECT "id" AS c1, "state" AS c2 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue),
            once AS (SELECT c1 FROM (SELECT c1, 1 AS minus, 0 AS plus FROM removed UNION ALL SELECT c1, 0 AS minus, 1 AS plus FROM added) AS differing GROUP BY c1 HAVING sum(minus) = 1 AND sum(plus) = 1),
            changed AS (SELECT removed.c1 AS b1, removed.c2 AS b2, added.c1 AS a1, added.c2 AS a2 FROM once JOIN removed ON once.c1 IS NOT DISTINCT FROM removed.c1 JOIN added ON once.c1 IS NOT DISTINCT FROM added.c1),
            only_removed AS (SELECT * FROM removed EXCEPT ALL SELECT b1, b2 FROM changed),
            only_added AS (SELECT * FROM added EXCEPT ALL SELECT a1, a2 FROM changed),
            judged_added AS (SELECT "row"."id" AS c1, "row"."state" AS c2, coalesce((state = 'new' -- since May
            ), false) AS ok FROM (SELECT 'added' AS change, c1 AS "id", c2 AS "state" FROM only_added) AS "row"),
            judged_removed AS (SELECT "row"."id" AS c1, "row"."state" AS c2, coalesce((state = 'new' -- since May
            ), false) AS ok FROM (SELECT 'removed' AS change, c1 AS "id", c2 AS "state" FROM only_removed) AS "row"),
            judged_before AS (SELECT "row"."id" AS c1, "row"."state" AS c2, coalesce((state = 'new' -- since May
            ), false) AS ok FROM (SELECT 'changed' AS change, b1 AS "id", b2 AS "state" FROM changed) AS "row"),
            judged_after AS (SELECT "row"."id" AS c1, "row"."state" AS c2, coalesce((state = 'new' -- since May
            ), false) AS ok FROM (SELECT 'changed' AS change, a1 AS "id", a2 AS "state" FROM changed) AS "row"),
            judged_changed AS (SELECT judged_before.c1 AS b1, judged_before.c2 AS b2, judged_after.c1 AS a1, judged_after.c2 AS a2, judged_before.ok AND judged_after.ok AS ok FROM judged_before JOIN judged_after ON judged_before.c1 IS NOT DISTINCT FROM judged_after.c1)
            SELECT mz_now()::text AS read_at,
              (SELECT count(*) FROM blue) AS rows_blue,
              (SELECT count(*) FROM green) AS rows_green,
              (SELECT count(*) FROM removed) AS removed,
              (SELECT count(*) FROM added) AS added,
              (SELECT count(*) FROM once) AS changed,
              (SELECT count(*) FROM (SELECT 1 AS one FROM blue GROUP BY c1 HAVING count(*) > 1) AS twice) AS twice_blue,
              (SELECT count(*) FROM (SELECT 1 AS one FROM green GROUP BY c1 HAVING count(*) > 1) AS twice) AS twice_green,
              (SELECT count(*) FROM judged_added WHERE ok) AS allowed_added,
              (SELECT count(*) FROM judged_removed WHERE ok) AS allowed_removed,
              (SELECT count(*) FROM judged_changed WHERE ok) AS allowed_changed"#]],
        );
        let sides = comparison(&columns, &[0], Some("before.state IS NULL AND change = 'changed'"));
        check(
            &sides.rows(Kind::Changed, 5),
            expect![[r#"
            WITH blue AS (SELECT "id" AS c1, "state" AS c2 FROM "shop"."core"."orders"),
            green AS (SELECT "id" AS c1, "state" AS c2 FROM "shop"."core__g__mzf"."orders"),
            removed AS (SELECT * FROM blue EXCEPT ALL SELECT * FROM green),
            added AS (SELECT * FROM green EXCEPT ALL SELECT * FROM blue),
            once AS (SELECT c1 FROM (SELECT c1, 1 AS minus, 0 AS plus FROM removed UNION ALL SELECT c1, 0 AS minus, 1 AS plus FROM added) AS differing GROUP BY c1 HAVING sum(minus) = 1 AND sum(plus) = 1),
            changed AS (SELECT removed.c1 AS b1, removed.c2 AS b2, added.c1 AS a1, added.c2 AS a2 FROM once JOIN removed ON once.c1 IS NOT DISTINCT FROM removed.c1 JOIN added ON once.c1 IS NOT DISTINCT FROM added.c1),
            only_removed AS (SELECT * FROM removed EXCEPT ALL SELECT b1, b2 FROM changed),
            only_added AS (SELECT * FROM added EXCEPT ALL SELECT a1, a2 FROM changed),
            judged_added AS (SELECT "after"."id" AS c1, "after"."state" AS c2, coalesce((before.state IS NULL AND change = 'changed'
            ), false) AS ok FROM (SELECT 'added' AS change) AS difference CROSS JOIN (SELECT c1 AS "id", c2 AS "state" FROM only_added) AS "after" LEFT JOIN (SELECT c1 AS "id", c2 AS "state" FROM removed WHERE false) AS "before" ON false),
            judged_removed AS (SELECT "before"."id" AS c1, "before"."state" AS c2, coalesce((before.state IS NULL AND change = 'changed'
            ), false) AS ok FROM (SELECT 'removed' AS change) AS difference CROSS JOIN (SELECT c1 AS "id", c2 AS "state" FROM only_removed) AS "before" LEFT JOIN (SELECT c1 AS "id", c2 AS "state" FROM added WHERE false) AS "after" ON false),
            judged_changed AS (SELECT "before"."id" AS b1, "before"."state" AS b2, "after"."id" AS a1, "after"."state" AS a2, coalesce((before.state IS NULL AND change = 'changed'
            ), false) AS ok FROM (SELECT 'changed' AS change) AS difference CROSS JOIN (SELECT b1 AS "id", b2 AS "state" FROM changed) AS "before" JOIN (SELECT a1 AS "id", a2 AS "state" FROM changed) AS "after" ON "before"."id" IS NOT DISTINCT FROM "after"."id")
            SELECT b1, b2, a1, a2, ok FROM judged_changed ORDER BY ok, b1, b2, a1, a2 LIMIT 5"#]],
        );
    }

    #[test]
    fn a_condition_says_by_itself_what_its_names_mean() {
        let is_qualified = |sql: &str| Predicate::parse(sql).map(|predicate| predicate.qualified);
        assert_eq!(is_qualified("after.x > 1"), Ok(true));
        assert_eq!(is_qualified("\"before\".x IS NULL"), Ok(true));
        assert_eq!(is_qualified("note = 'after.x'"), Ok(false));
        assert_eq!(is_qualified("id IN (SELECT id FROM a.b.c)"), Ok(false));
        assert!(is_qualified("id >").is_err());
        assert!(is_qualified("true); DROP TABLE t; --").is_err());
    }
}
