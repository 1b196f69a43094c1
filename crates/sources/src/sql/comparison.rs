//! What a query compares its parameters with, as far as its text shows.

use crate::{
    parameter::Parameter,
    sql::{Query, QueryPiece, SqlDialect},
};

/// Operators by which a time is compared, the longer ones first.
const OPERATORS: [&str; 8] = ["<=", ">=", "<>", "!=", "==", "<", ">", "="];

/// What makes another operator of one, as in `->` and `@>`.
const OPERATOR_SIGNS: [char; 9] = ['-', '#', '@', '~', '&', '|', '*', '?', '^'];

/// Signs by which a parameter is reckoned with before it is compared.
const SUM_SIGNS: [&str; 5] = ["||", "+", "-", "*", "/"];

/// Functions that make a day of a time.
const DAY_CALLS: [&str; 6] = ["date", "to_date", "trunc", "date_trunc", "last_day", "str_to_date"];

/// SQLite's functions whose result does not say whether it is local or UTC.
const ZONELESS_CALLS: [&str; 3] = ["date", "datetime", "strftime"];

/// SQLite's modifiers that make a time in UTC of a number.
const NUMBER_MODIFIERS: [&str; 3] = ["'unixepoch'", "'auto'", "'julianday'"];

/// Functions of MariaDB that make another time of a time.
const TIME_CALLS: [&str; 11] = [
    "timestamp",
    "date",
    "convert_tz",
    "date_add",
    "date_sub",
    "adddate",
    "subdate",
    "addtime",
    "subtime",
    "timestampadd",
    "last_day",
];

/// Words that stand before a parenthesis and call nothing.
const KEYWORDS: [&str; 16] = [
    "as", "in", "and", "or", "on", "not", "where", "select", "values", "when", "then", "else",
    "by", "having", "union", "all",
];

/// How a parameter is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bound {
    /// What is compared lies at or after it, is it, or is not.
    Other,
    /// What is compared lies before it, or at it.
    Upper,
}

/// Something in a query that gives wrong figures, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mistake {
    /// Byte offset into the text.
    pub at: usize,
    /// What is wrong.
    pub message: String,
    /// What to write.
    pub hint: String,
}

/// A parameter, and the text around it.
struct Mention<'q> {
    parameter: Parameter,
    at: usize,
    before: &'q str,
    after: &'q str,
    /// How it is compared, and with what, if it is itself.
    compared: Option<(Bound, &'q str)>,
    /// The function it is given to.
    call: Option<&'q str>,
    /// All functions that it is inside of.
    calls: usize,
}

impl Query {
    /// What can only be wrong for a server of this kind.
    pub fn mistake(&self, dialect: SqlDialect) -> Option<Mistake> {
        (dialect == SqlDialect::Sqlite)
            .then(|| self.mentions().iter().find_map(Mention::mistake_in_sqlite))
            .flatten()
    }

    /// Where times of the last day are left out, unless what is compared keeps days.
    pub fn loses_last_day(&self, dialect: SqlDialect) -> Option<Mistake> {
        // There a text is compared with a day by its own day.
        if dialect == SqlDialect::Sqlite {
            return None;
        }
        let mentions = self.mentions();
        let found = mentions.iter().find(|mention| mention.loses_last_day())?;
        Some(Mistake {
            at: found.at,
            message: "`:period_last_day` is the last day's midnight to a column of times, whose \
                      last day would be missing"
                .to_owned(),
            hint: "write `>= :period_start and … < :period_end`, which is right for days and times"
                .to_owned(),
        })
    }

    /// For each parameter, in order, whether it is a day or time that is itself compared.
    pub(crate) fn are_compared(&self) -> Vec<bool> {
        let is_time = |mention: &Mention<'_>| mention.parameter != Parameter::Key;
        let mentions = self.mentions();
        mentions.iter().map(|mention| is_time(mention) && mention.compared.is_some()).collect()
    }

    /// For each parameter, in order, whether MariaDB makes another time of it, which may be compared:
    /// `cast(:period_start as datetime)`, `:period_start + interval 1 day`.
    pub(crate) fn are_made_times(&self) -> Vec<bool> {
        let is_time = |mention: &Mention<'_>| mention.parameter != Parameter::Key;
        let mentions = self.mentions();
        mentions.iter().map(|mention| is_time(mention) && mention.is_made_a_time()).collect()
    }

    /// A call that makes UTC days or months of numbers, as SQLite does unless told otherwise.
    pub(crate) fn utc_day_call(&self) -> Option<String> {
        let text = self.words();
        let lower = text.to_ascii_lowercase();
        let opened = lower.match_indices('(').map(|(at, _)| at);
        opened
            .filter_map(|at| {
                let name = last_word(&lower[..at]);
                let inside = &lower[at..=at + closing(&lower[at..])?];
                let is_of_number = NUMBER_MODIFIERS.iter().any(|word| inside.contains(word));
                let has_time = ["%h", "%s", "%t", "%f"].iter().any(|part| inside.contains(part));
                let is_day = name == "date" || (name == "strftime" && !has_time);
                let is_utc = is_day && is_of_number && !inside.contains("'localtime'");
                is_utc.then(|| text[at - name.len()..at + inside.len()].to_owned())
            })
            .next()
    }

    /// Whether SQLite is asked for the machine's zone.
    pub(crate) fn names_machine_zone(&self) -> bool {
        let lower = self.words().to_ascii_lowercase();
        let is_modifier = |(at, _): (usize, &str)| lower[..at].trim_end().ends_with(',');
        lower.contains("'localtime'") || lower.match_indices("'utc'").any(is_modifier)
    }

    fn mentions(&self) -> Vec<Mention<'_>> {
        let (mut mentions, mut at) = (Vec::new(), 0);
        let mut opened = Vec::new();
        let mut between: Option<&str> = None;
        for (index, piece) in self.pieces.iter().enumerate() {
            let text_of = |index: usize| match self.pieces.get(index) {
                Some(QueryPiece::Text(text)) => text.as_str(),
                _ => "",
            };
            match piece {
                QueryPiece::Text(text) => {
                    follow(&mut opened, text);
                    at += text.len();
                }
                QueryPiece::Parameter(parameter) => {
                    let before = index.checked_sub(1).map_or("", text_of);
                    let after = text_of(index + 1);
                    let compared = compared(before, after, between);
                    between = operand_of_between(before);
                    let call = opened.last().copied().flatten();
                    let calls = opened.iter().flatten().count();
                    mentions.push(Mention {
                        parameter: *parameter,
                        at,
                        before,
                        after,
                        compared,
                        call,
                        calls,
                    });
                    at += parameter.name().len() + 1;
                }
            }
        }
        mentions
    }
}

impl Mention<'_> {
    fn loses_last_day(&self) -> bool {
        let is_upper = |(bound, operand): (Bound, &str)| bound == Bound::Upper && !is_day(operand);
        self.parameter == Parameter::LastDay && self.compared.is_some_and(is_upper)
    }

    /// Of what a function makes of that time nobody knows what it is.
    fn is_made_a_time(&self) -> bool {
        let after = self.after.to_ascii_lowercase().replace(',', " , ");
        let mut words = after.split_whitespace();
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        let is_moved = matches!(first, "+" | "-") && second == "interval";
        let names_time = |word: &str| {
            ["datetime", "date", "timestamp"].iter().any(|kind| {
                word.strip_prefix(kind)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with(['(', ')']))
            })
        };
        match (self.call, self.calls) {
            (None, 0) => is_moved,
            (Some(call), 1) => match call.to_ascii_lowercase().as_str() {
                "cast" => first == "as" && names_time(second),
                "convert" => first == "," && names_time(second),
                other => TIME_CALLS.contains(&other),
            },
            _ => false,
        }
    }

    fn mistake_in_sqlite(&self) -> Option<Mistake> {
        if !matches!(self.parameter, Parameter::Start | Parameter::End) {
            return None;
        }
        let name = self.parameter;
        let mistake = |message: String, hint: &str| {
            Some(Mistake { at: self.at, message, hint: hint.to_owned() })
        };
        if let Some((_, operand)) = self.compared {
            let call = call_of(operand)?;
            let is_zoneless =
                ZONELESS_CALLS.iter().any(|zoneless| call.eq_ignore_ascii_case(zoneless));
            return is_zoneless.then_some(())
                .and_then(|()| mistake(
                    format!("`{call}(…)` does not say whether it is local or UTC, and `:{name}` is an instant"),
                    "compare the column itself; of seconds since 1970, write `column >= unixepoch(:period_start)`",
                ));
        }
        match self.call {
            Some(call) if self.is_made_a_day(call) => mistake(
                format!("in SQLite `{call}` makes a day in UTC of `:{name}`"),
                "write `:period_first_day` or `:period_last_day`, which are local days",
            ),
            Some(_) => None,
            None if self.after.trim_start().to_ascii_lowercase().starts_with("as period") => None,
            None => mistake(
                format!("SQLite would compare what is made of `:{name}` here as a text"),
                "compare a column with the parameter itself, such as `shipped >= :period_start`",
            ),
        }
    }

    fn is_made_a_day(&self, call: &str) -> bool {
        let is = |name: &str| call.eq_ignore_ascii_case(name);
        let has_time = ["%H", "%s", "%T", "%f", "%J"].iter().any(|part| self.before.contains(part));
        is("date") || is("substr") || is("substring") || (is("strftime") && !has_time)
    }
}

/// Notes the parentheses that a text opens and closes, each with the function it belongs to.
fn follow<'q>(opened: &mut Vec<Option<&'q str>>, text: &'q str) {
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => {
                let name = last_word(&text[..at]);
                let is_call = !name.is_empty()
                    && !KEYWORDS.iter().any(|keyword| name.eq_ignore_ascii_case(keyword));
                opened.push(is_call.then_some(name));
            }
            ')' => drop(opened.pop()),
            _ => {}
        }
    }
}

/// How a parameter between two texts is compared, and with what.
fn compared<'q>(
    before: &'q str,
    after: &'q str,
    between: Option<&'q str>,
) -> Option<(Bound, &'q str)> {
    let (before, after) = (before.trim_end(), after.trim_start());
    let is_part = SUM_SIGNS.iter().any(|sign| before.ends_with(sign) || after.starts_with(sign));
    if is_part || after.starts_with("::") && after.contains('+') {
        return None;
    }
    if let Some((operand, operator)) = operator_at_end(before) {
        let bound =
            if operator.starts_with('<') && operator != "<>" { Bound::Upper } else { Bound::Other };
        return Some((bound, operand));
    }
    if let Some(operand) = operand_of_between(before) {
        return Some((Bound::Other, operand));
    }
    if let Some(rest) = before.strip_suffix_word("and") {
        let operand = if rest.trim().is_empty() { between } else { operand_within_between(rest) };
        if let Some(operand) = operand {
            return Some((Bound::Upper, operand));
        }
    }
    let operator = OPERATORS.iter().find(|operator| after.starts_with(**operator))?;
    let bound = if operator.starts_with('>') { Bound::Upper } else { Bound::Other };
    Some((bound, first_operand(&after[operator.len()..])))
}

trait Words {
    /// What stands before a last word.
    fn strip_suffix_word(&self, word: &str) -> Option<&str>;
}

impl Words for str {
    fn strip_suffix_word(&self, word: &str) -> Option<&str> {
        last_word(self).eq_ignore_ascii_case(word).then(|| &self[..self.len() - word.len()])
    }
}

fn operator_at_end(text: &str) -> Option<(&str, &str)> {
    let operator = OPERATORS.iter().find(|operator| text.ends_with(**operator))?;
    let operand = &text[..text.len() - operator.len()];
    (!operand.ends_with(OPERATOR_SIGNS)).then_some((operand.trim_end(), *operator))
}

/// What stands before a `between` that ends the text.
fn operand_of_between(text: &str) -> Option<&str> {
    let rest = text.trim_end().strip_suffix_word("between")?.trim_end();
    Some(rest.strip_suffix_word("not").unwrap_or(rest).trim_end())
}

/// What stands before a `between` whose lower bound ends the text.
fn operand_within_between(text: &str) -> Option<&str> {
    let lower = text.to_ascii_lowercase();
    let at = lower.rfind("between")?;
    let bound = &lower[at..];
    (!bound.contains(" and ")).then(|| text[..at].trim_end())
}

/// What is compared after an operator, as far as it matters: a call, or a name with a cast.
fn first_operand(text: &str) -> &str {
    let text = text.trim_start();
    let name = text.find(|c: char| !(c.is_alphanumeric() || matches!(c, '_' | '.' | ':')));
    let name = name.unwrap_or(text.len());
    let end = if text[name..].starts_with('(') {
        closing(&text[name..]).map_or(text.len(), |end| name + end + 1)
    } else {
        name
    };
    &text[..end]
}

/// Whether an expression is a day, as far as can be seen.
fn is_day(operand: &str) -> bool {
    let lower = operand.trim_end().to_ascii_lowercase();
    let is_cast =
        lower.ends_with("::date") || lower.trim_end_matches([')', ' ']).ends_with(" as date");
    is_cast || call_of(&lower).is_some_and(|call| DAY_CALLS.contains(&call))
}

/// The function that an expression ends with a call of.
fn call_of(operand: &str) -> Option<&str> {
    let text = operand.trim_end().strip_suffix(')')?;
    let mut depth = 1_usize;
    for (at, sign) in text.char_indices().rev() {
        match sign {
            ')' => depth += 1,
            '(' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(last_word(&text[..at])).filter(|name| !name.is_empty());
        }
    }
    None
}

/// Where the parenthesis closes that a text begins with.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, sign) in text.char_indices() {
        match sign {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The word that ends a text; empty where none does.
fn last_word(text: &str) -> &str {
    let end = text.char_indices().rev().find(|(_, c)| !(c.is_alphanumeric() || *c == '_'));
    &text[end.map_or(0, |(at, c)| at + c.len_utf8())..]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(text: &str, dialect: SqlDialect) -> Query {
        Query::parse_as(text, dialect).unwrap()
    }

    #[test]
    fn a_last_day_that_would_be_lost_is_seen() {
        for (condition, is_lost) in [
            ("at between :period_first_day and :period_last_day", true),
            ("a.at between :period_first_day and :period_last_day", true),
            ("at BETWEEN date '2026-01-01' AND :period_last_day", true),
            ("at >= :period_first_day and at <= :period_last_day", true),
            ("at < :period_last_day", true),
            (":period_last_day >= at", true),
            ("at::date between :period_first_day and :period_last_day", false),
            ("date(at) between :period_first_day and :period_last_day", false),
            ("cast(at as date) <= :period_last_day", false),
            ("date_trunc('day', at) <= :period_last_day", false),
            (":period_last_day >= date(at)", false),
            ("at < :period_last_day + 1", false),
            ("at < :period_last_day::date + interval '1 day'", false),
            ("at < date_add(:period_last_day, interval 1 day)", false),
            ("day = :period_last_day", false),
            ("at >= :period_start and at < :period_end", false),
            ("to_char(at, 'YYYY') = '2026' and :period_last_day is not null", false),
        ] {
            for dialect in [SqlDialect::Standard, SqlDialect::MySql] {
                let query = query(&format!("select 1 from t where {condition}"), dialect);
                let found = query.loses_last_day(dialect);
                assert_eq!(found.is_some(), is_lost, "{condition}");
            }
            let sqlite = query(&format!("select 1 where {condition}"), SqlDialect::Sqlite);
            assert_eq!(sqlite.loses_last_day(SqlDialect::Sqlite), None, "{condition}");
        }
    }

    #[test]
    fn a_time_that_is_made_of_a_parameter_is_seen() {
        for (condition, is_made) in [
            ("at >= cast(:period_start as datetime)", true),
            ("at >= CAST( :period_start AS DATETIME(6) )", true),
            ("(at >= convert(:period_start, date))", true),
            ("at < :period_end + interval 1 day", true),
            ("at < :period_end\n - INTERVAL 1 day", true),
            ("at >= date_add(:period_start, interval 1 day)", true),
            ("at >= :period_start", false),
            ("m >= cast(:period_start as char)", false),
            ("n >= cast(:period_key as date)", false),
            ("n >= :period_start + 1", false),
            ("n >= unix_timestamp(:period_start)", false),
            ("n >= unix_timestamp(:period_start + interval 1 day)", false),
            ("n >= date_format(cast(:period_start as datetime), '%Y%m%d')", false),
            ("n = year(:period_start)", false),
        ] {
            let query = query(&format!("select 1 from t where {condition}"), SqlDialect::MySql);
            assert_eq!(query.are_made_times(), [is_made], "{condition}");
        }
    }

    #[test]
    fn what_sqlite_would_misread_is_seen_with_its_place() {
        for (text, part) in [
            ("select 1 where at >= :period_start and at < :period_end", None),
            ("select 1 where datetime(at) >= datetime(:period_start)", None),
            ("select 1 where at >= unixepoch(:period_start) * 1000", None),
            ("select 1 where strftime('%s', :period_start) + 0 <= at", None),
            ("select :period_start as period, 1 as value", None),
            ("select 1 where day between :period_first_day and :period_last_day", None),
            ("select 1 where date(at) <= :period_last_day", None),
            ("select 1 where substr(:period_first_day, 1, 7) = month", None),
            ("select 1 where datetime(at, 'unixepoch') >= :period_start", Some("`datetime(…)`")),
            ("select 1 where :period_end > date(at)", Some("`date(…)`")),
            ("select 1 where date(at) between :period_start and :period_end", Some("`date(…)`")),
            ("select 1 where day >= date(:period_start)", Some("a day in UTC")),
            ("select 1 where m = strftime('%Y-%m', :period_start)", Some("a day in UTC")),
            ("with p as (select :period_start as s) select 1 from p", Some("as a text")),
            ("select 1 where (a, b) >= (:period_start, 1)", Some("as a text")),
        ] {
            let found = query(text, SqlDialect::Sqlite).mistake(SqlDialect::Sqlite);
            match part {
                None => assert_eq!(found, None, "{text}"),
                Some(part) => {
                    let found = found.unwrap();
                    assert!(found.message.contains(part), "{text}: {found:?}");
                    assert!(text[found.at..].starts_with(":period_"), "{text}: {found:?}");
                }
            }
        }
    }

    #[test]
    fn days_and_months_that_sqlite_makes_in_utc_are_seen() {
        for (text, call) in [
            ("select date(at, 'unixepoch') as period", Some("date(at, 'unixepoch')")),
            (
                "select strftime('%Y-%m', at / 1000, 'auto')",
                Some("strftime('%Y-%m', at / 1000, 'auto')"),
            ),
            ("select date(at, 'unixepoch', 'localtime')", None),
            ("select strftime('%Y-%m-%dT%H:%M:%SZ', at, 'unixepoch')", None),
            ("select datetime(at, 'unixepoch')", None),
            ("select date(at)", None),
        ] {
            assert_eq!(query(text, SqlDialect::Sqlite).utc_day_call().as_deref(), call, "{text}");
        }
        for (text, is_named) in [
            ("select date(at, 'LocalTime')", true),
            ("select datetime(at, 'utc')", true),
            ("select 1 where zone = 'utc'", false),
        ] {
            assert_eq!(query(text, SqlDialect::Sqlite).names_machine_zone(), is_named, "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(
            text in "(select |between |and |date\\(|é|\\(|\\)|<=|>|:period_last_day|:period_start|\\+|'unixepoch'| ){0,12}",
        ) {
            for dialect in [SqlDialect::Standard, SqlDialect::Sqlite] {
                if let Ok(query) = Query::parse_as(&text, dialect) {
                    let _ = (query.mistake(dialect), query.loses_last_day(dialect));
                    let _ = (query.utc_day_call(), query.names_machine_zone());
                }
            }
        }
    }
}
