//! Queries with named parameters: found outside strings, quoted names and comments, and replaced
//! by what the backend binds. Values are never put into the text.

use std::ops::Range;

use crate::sql::{Query, QueryPiece, SqlDialect};
use crate::{
    dates::period_format::DateFormats,
    parameter::{self, Parameter, UnknownParameter},
};

/// Why a text is not a [`Query`], and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}")]
pub struct QueryError {
    /// Byte offset into the text.
    pub at: usize,
    /// What is wrong there.
    pub problem: QueryProblem,
}

/// What can be wrong with a query before it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueryProblem {
    /// Nothing but spaces and comments.
    #[error("the query is empty; write one `select`")]
    Empty,
    /// A `:name` that is no parameter.
    #[error(transparent)]
    Unknown(#[from] UnknownParameter),
    /// A string, quoted name or comment is open at the end.
    #[error("what begins here is never closed; close the quote or comment")]
    Open,
    /// A parameter within quotes, or in braces, which no server would read as one.
    #[error("`{0}` is a text here and not the period; write it as `:NAME`, and without quotes")]
    Literal(String),
    /// A comment that hides what its author wrote on a line of its own.
    #[error(
        "this comment runs to the end of the query, and hides the rest: YAML folds the lines of `>` \
         and of plain text into one; write the query below `query: |`, or the comment as /* … */"
    )]
    Folded,
    /// A statement that does more than read, or reads no figures.
    #[error("`{0}` does not read figures; a source asks one `select`")]
    NoSelect(String),
    /// A `select` that writes what it reads.
    #[error("`into` writes what is read; select the figures, and nothing else")]
    Into,
    /// A comment that MySQL and MariaDB carry out.
    #[error("MySQL carries this comment out; write it as /* … */")]
    Executed,
    /// Something after a `;`.
    #[error("a second statement begins here; a source asks one `select`")]
    SecondStatement,
}

/// What reads figures, by how it begins. A read-only transaction does not keep a database from all that
/// others do: `copy` runs programs, `attach` opens files, `shutdown` ends the server.
const READS: [&str; 7] = ["select", "with", "values", "table", "show", "exec", "call"];

/// Those that SQLite has.
const SQLITE_READS: [&str; 3] = ["select", "with", "values"];

/// How the comments begin that MySQL and MariaDB carry out.
const EXECUTED: [&str; 2] = ["/*!", "/*M!"];

impl Query {
    /// Whether a parameter of the window stands in it.
    pub fn names_period(&self) -> bool {
        self.pieces.iter().any(|piece| matches!(piece, QueryPiece::Parameter(_)))
    }

    /// Reads a query: one statement, a `;` at its end or none. Strings are as in standard SQL
    /// (a quote is doubled; after `E` also backslashes); comments are `--` and `/* */`.
    pub fn parse(text: &str) -> Result<Self, QueryError> {
        Self::parse_as(text, SqlDialect::Standard)
    }

    /// Reads a query as the server will that it is for.
    pub fn parse_as(text: &str, dialect: SqlDialect) -> Result<Self, QueryError> {
        let (mut pieces, mut taken, mut at) = (Vec::new(), 0, 0);
        let (mut said, mut begun, mut ended) = (false, false, None);
        while at < text.len() {
            let token = token(text, at, dialect)?;
            match token.kind {
                Kind::Blank if hides_the_rest(text, &token.span, dialect) => {
                    return Err(QueryError { at, problem: QueryProblem::Folded });
                }
                Kind::Blank => {
                    let begins = |sign: &&str| text[at..].starts_with(*sign);
                    if dialect == SqlDialect::MySql && EXECUTED.iter().any(begins) {
                        return Err(QueryError { at, problem: QueryProblem::Executed });
                    }
                }
                Kind::End => {
                    ended.get_or_insert(at);
                }
                Kind::Word | Kind::Parameter(_) if ended.is_some() => {
                    return Err(QueryError { at, problem: QueryProblem::SecondStatement });
                }
                Kind::Word => {
                    if let Some(name) = misread(text, &token.span) {
                        return Err(QueryError { at, problem: QueryProblem::Literal(name) });
                    }
                    said = true;
                    if let Some(problem) = no_reading(text, at, &mut begun, dialect) {
                        return Err(QueryError { at, problem });
                    }
                }
                Kind::Parameter(parameter) => {
                    pieces.push(QueryPiece::Text(text[taken..at].to_owned()));
                    pieces.push(QueryPiece::Parameter(parameter));
                    taken = token.span.end;
                }
            }
            at = token.span.end;
        }
        pieces.push(QueryPiece::Text(text[taken..ended.unwrap_or(text.len())].to_owned()));
        if said {
            Ok(Self { pieces, figure: None, formats: DateFormats::default() })
        } else {
            Err(QueryError { at: 0, problem: QueryProblem::Empty })
        }
    }

    /// The text with `mark(parameter)` for every parameter, and what to bind in the
    /// order of occurrence.
    pub(crate) fn rewrite(
        &self,
        mut mark: impl FnMut(Parameter) -> String,
    ) -> (String, Vec<Parameter>) {
        let (mut text, mut seen) = (String::new(), Vec::new());
        for piece in &self.pieces {
            match piece {
                QueryPiece::Text(part) => text.push_str(part),
                QueryPiece::Parameter(parameter) => {
                    text.push_str(&mark(*parameter));
                    seen.push(*parameter);
                }
            }
        }
        (text, seen)
    }

    /// As [`rewrite`](Self::rewrite), with numbers after `sign`: a parameter named twice is bound
    /// once.
    pub(crate) fn numbered(&self, sign: char) -> (String, Vec<Parameter>) {
        let mut order = Vec::new();
        let (text, _) = self.rewrite(|parameter| {
            let known = order.iter().position(|seen| *seen == parameter);
            let number = known.unwrap_or_else(|| {
                order.push(parameter);
                order.len() - 1
            });
            format!("{sign}{}", number + 1)
        });
        (text, order)
    }

    /// The text as its author wrote it.
    pub(crate) fn words(&self) -> String {
        self.rewrite(|parameter| format!(":{parameter}")).0
    }

    /// The first line that says something, for messages.
    pub(crate) fn first_line(&self) -> String {
        let text = self.words();
        text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default().to_owned()
    }
}

struct Token {
    kind: Kind,
    span: Range<usize>,
}

enum Kind {
    /// Spaces and comments.
    Blank,
    /// A `;`.
    End,
    /// Anything the server reads.
    Word,
    Parameter(Parameter),
}

/// Words that begin a line of a query.
const CLAUSES: [&str; 11] = [
    "select", "from", "join", "left", "inner", "where", "and", "group", "order", "having", "union",
];

/// Whether a comment to the end of the line holds a part of the query: it ends the text, and a
/// parameter or clause stands in it that was not commented out by itself.
fn hides_the_rest(text: &str, span: &Range<usize>, dialect: SqlDialect) -> bool {
    let said = &text[span.clone()];
    if !begins_line_comment(said, dialect) || !text[span.end..].trim().is_empty() {
        return false;
    }
    let said = said.trim_start_matches(['-', '#']).to_ascii_lowercase();
    let mut words = said.split_whitespace();
    let is_part = |word: &str| {
        let is_parameter = word.contains(":period_");
        is_parameter || CLAUSES.contains(&word)
    };
    // On a line of its own, a clause that begins the comment was meant to be one.
    let is_alone = text[..span.start].contains('\n');
    if is_alone && words.next().is_some_and(is_part) {
        return false;
    }
    words.any(is_part)
}

/// Why the statement does more than read, by the word that begins at `at`, if one does.
fn no_reading(
    text: &str,
    at: usize,
    has_begun: &mut bool,
    dialect: SqlDialect,
) -> Option<QueryProblem> {
    let is_name = follows_word(text, at) || text[..at].ends_with(['.', '@', ':']);
    let said = text[at..at + word(&text[at..])].to_ascii_lowercase();
    if said.is_empty() || is_name {
        return None;
    }
    let reads = if dialect == SqlDialect::Sqlite { &SQLITE_READS[..] } else { &READS };
    let is_first = !std::mem::replace(has_begun, true);
    match said.as_str() {
        _ if is_first && !reads.contains(&said.as_str()) => Some(QueryProblem::NoSelect(said)),
        "into" => Some(QueryProblem::Into),
        _ => None,
    }
}

/// A parameter that stands within quotes, or in braces, and so is none.
fn misread(text: &str, span: &Range<usize>) -> Option<String> {
    match text[span.clone()].chars().next()? {
        '\'' | '"' | '`' | '$' => parameter::named_in(&text[span.clone()]),
        '{' => {
            let end = text[span.start..].find('}')? + 1;
            parameter::named_in(&text[span.start..span.start + end])
        }
        _ => None,
    }
}

/// The token that begins at `at`.
fn token(text: &str, at: usize, dialect: SqlDialect) -> Result<Token, QueryError> {
    let is_mysql = dialect == SqlDialect::MySql;
    let rest = &text[at..];
    let open = || QueryError { at, problem: QueryProblem::Open };
    let made = |kind, length: usize| Ok(Token { kind, span: at..at + length });
    let Some(first) = rest.chars().next() else { return made(Kind::Blank, 0) };
    match first {
        c if c.is_whitespace() => made(Kind::Blank, c.len_utf8()),
        ';' => made(Kind::End, 1),
        '-' | '#' if begins_line_comment(rest, dialect) => {
            made(Kind::Blank, rest.find('\n').unwrap_or(rest.len()))
        }
        '/' if rest.starts_with("/*") => {
            made(Kind::Blank, comment(rest, dialect).ok_or_else(open)?)
        }
        '\'' => {
            let is_escaped = dialect == SqlDialect::Standard && is_escape_string(text, at);
            let has_escapes = is_mysql || is_escaped;
            made(Kind::Word, quoted(rest, '\'', has_escapes).ok_or_else(open)?)
        }
        '[' if dialect == SqlDialect::Sqlite && !follows_word(text, at) => {
            made(Kind::Word, rest.find(']').ok_or_else(open)? + 1)
        }
        '"' => made(Kind::Word, quoted(rest, '"', is_mysql).ok_or_else(open)?),
        '`' => made(Kind::Word, quoted(rest, '`', false).ok_or_else(open)?),
        '$' if dialect == SqlDialect::Standard => match dollar_quote(rest) {
            Some(tag) if !follows_word(text, at) => {
                let body = &rest[tag.len()..];
                let end = body.find(tag).ok_or_else(open)?;
                made(Kind::Word, end + 2 * tag.len())
            }
            _ => made(Kind::Word, 1),
        },
        ':' if rest.starts_with("::") => made(Kind::Word, 2),
        ':' if !follows_word(text, at) => {
            let length = word(&rest[1..]);
            if length == 0 {
                return made(Kind::Word, 1);
            }
            let parameter = Parameter::parse(&rest[1..=length])
                .map_err(|error| QueryError { at, problem: error.into() })?;
            made(Kind::Parameter(parameter), length + 1)
        }
        c => made(Kind::Word, c.len_utf8()),
    }
}

/// Whether the rest of the line is a comment; to MySQL, `5--3` is a sum.
fn begins_line_comment(rest: &str, dialect: SqlDialect) -> bool {
    match dialect {
        SqlDialect::Standard | SqlDialect::Sqlite => rest.starts_with("--"),
        SqlDialect::MySql => {
            let after = rest.strip_prefix("--").map(|after| after.chars().next());
            let dashes =
                after.is_some_and(|next| next.is_none_or(|c| c.is_whitespace() || c.is_control()));
            dashes || rest.starts_with('#')
        }
    }
}

/// The length of a comment, which may contain others in PostgreSQL.
fn comment(rest: &str, dialect: SqlDialect) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        let here = &rest.as_bytes()[at..];
        let step = match here {
            [b'/', b'*', ..] if depth == 0 || dialect == SqlDialect::Standard => {
                depth += 1;
                2
            }
            [b'*', b'/', ..] => {
                depth -= 1;
                2
            }
            _ => 1,
        };
        at += step;
        if depth == 0 {
            return Some(at);
        }
    }
    None
}

/// The length of a quoted text, quotes included; a doubled quote is one of its characters.
fn quoted(rest: &str, quote: char, has_escapes: bool) -> Option<usize> {
    let mut characters = rest.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && has_escapes {
            characters.next();
        } else if c == quote && characters.next_if(|(_, next)| *next == quote).is_none() {
            return Some(at + quote.len_utf8());
        }
    }
    None
}

/// Whether the quote at `at` belongs to a PostgreSQL `E'…'`.
fn is_escape_string(text: &str, at: usize) -> bool {
    let before = &text[..at];
    let has_mark = before.ends_with(['e', 'E']);
    has_mark && !follows_word(text, at - 1)
}

/// The opening `$tag$` of a PostgreSQL dollar quote.
fn dollar_quote(rest: &str) -> Option<&str> {
    let length = word(&rest[1..]);
    rest[1 + length..].starts_with('$').then(|| &rest[..length + 2])
}

/// Whether a word, number or index ends right before `at`, as in the slice `a[1:n]`.
fn follows_word(text: &str, at: usize) -> bool {
    text[..at].ends_with(|c: char| c.is_alphanumeric() || matches!(c, '_' | ']' | '$'))
}

/// The length of the name at the beginning; 0 where there is none.
fn word(rest: &str) -> usize {
    if rest.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_where_the_server_would_read_a_name() {
        for (text, numbered) in [
            ("select 1;", "select 1"),
            ("select :period_key", "select $1"),
            ("select :period_end, :period_start, :period_end", "select $1, $2, $1"),
            ("select ':period_x', ':it''s', :period_key", "select ':period_x', ':it''s', $1"),
            (r"select E'\':no', :period_key", r"select E'\':no', $1"),
            ("select \":no\", `:no`, :period_key", "select \":no\", `:no`, $1"),
            ("select :period_key -- :no\n, 1", "select $1 -- :no\n, 1"),
            ("/* :no /* :no */ */ select 1", "/* :no /* :no */ */ select 1"),
            ("select $$:no$$, $a$ $$ :no $a$, :period_key", "select $$:no$$, $a$ $$ :no $a$, $1"),
            ("select '1'::int, :period_start::date", "select '1'::int, $1::date"),
            ("select a[1:n], b[lo:hi], @x := 1", "select a[1:n], b[lo:hi], @x := 1"),
            ("select 1; -- done", "select 1"),
            ("select 'é' || :period_key", "select 'é' || $1"),
            ("select 1 -- as agreed", "select 1 -- as agreed"),
            ("select 1\n-- where day > 3", "select 1\n-- where day > 3"),
            ("select 1 -- from a\nfrom b", "select 1 -- from a\nfrom b"),
        ] {
            assert_eq!(Query::parse(text).unwrap().numbered('$').0, numbered);
        }
    }

    #[test]
    fn mysql_reads_comments_and_strings_its_own_way() {
        for (text, marked) in [
            ("select 1 # it's :no\n, :period_key", "select 1 # it's :no\n, ?"),
            ("# only\nselect 1", "# only\nselect 1"),
            (r"select 'it\'s :no', :period_key", r"select 'it\'s :no', ?"),
            (r#"select "a\" :no", :period_key"#, r#"select "a\" :no", ?"#),
            ("select 5--:period_key", "select 5--?"),
            ("select 1 -- :no\n, :period_key", "select 1 -- :no\n, ?"),
            ("/* /* :no */ select :period_key", "/* /* :no */ select ?"),
            ("select $$, :period_key", "select $$, ?"),
        ] {
            let query = Query::parse_as(text, SqlDialect::MySql).unwrap();
            assert_eq!(query.rewrite(|_| "?".to_owned()).0, marked);
        }
        let operator = Query::parse("select data #> :period_key").unwrap();
        assert_eq!(operator.numbered('$').0, "select data #> $1");
    }

    #[test]
    fn misfits_are_refused_with_their_place() {
        for (text, at, part) in [
            ("", 0, "empty"),
            ("  -- nothing\n ;", 0, "empty"),
            ("select :period", 7, "`period` stands for nothing"),
            (
                "select sum(n) as value from sales -- only this month where utc >= :period_start\n",
                34,
                "write the query below `query: |`",
            ),
            ("select sum(n) from a -- where day > 3", 21, "hides the rest"),
            (
                "select sum(n)\nfrom a -- all of it where day > :period_first_day",
                21,
                "hides the rest",
            ),
            ("select '{period_key}'", 7, "`{period_key}` is a text here and not the period"),
            ("select ':period_key'", 7, "write it as `:NAME`, and without quotes"),
            ("select n from t where m = {period_key}", 26, "`{period_key}` is a text here"),
            ("select 'open", 7, "never closed"),
            ("select /* open", 7, "never closed"),
            ("select $$open", 7, "never closed"),
            ("select 1; drop table t", 10, "second statement"),
            ("vacuum into 'copy.db'", 0, "`vacuum` does not read figures"),
            ("copy (select 1) to program 'touch x'", 0, "`copy` does not read figures"),
            ("-- monthly\n SHUTDOWN", 12, "`shutdown` does not read figures"),
            ("select 1 into outfile '/tmp/x'", 9, "`into` writes what is read"),
        ] {
            let error = Query::parse(text).unwrap_err();
            assert_eq!(error.at, at, "{text}");
            assert!(error.to_string().contains(part), "{error}");
        }
    }

    #[test]
    fn what_only_reads_is_asked_and_nothing_else() {
        for text in [
            "(select 1) union (select 2)",
            "with a as (select 1) select * from a",
            "values (1)",
            "table figures",
            "show max_connections",
            "select a.into, @into, \"into\", intonation from a",
            "select count(*) as value from t where note = 'into'",
        ] {
            Query::parse(text).unwrap();
        }
        let refused = |text: &str, dialect| Query::parse_as(text, dialect).is_err();
        for text in
            ["attach 'o.db' as o", "pragma query_only = 0", "show tables", "explain select 1"]
        {
            assert!(refused(text, SqlDialect::Sqlite), "{text}");
        }
        let hidden = ["select 1 /*!50000 into outfile '/tmp/x' */", "select 1 /*M! , 2 */"];
        for text in hidden.into_iter().chain(["set global x = 1", "select 1 INTO DUMPFILE '/x'"]) {
            assert!(refused(text, SqlDialect::MySql), "{text}");
        }
    }

    #[test]
    fn marks_without_numbers_bind_every_occurrence() {
        let query = Query::parse("select :period_key, :period_end, :period_key").unwrap();
        let (text, bound) = query.rewrite(|_| "?".to_owned());
        assert_eq!(text, "select ?, ?, ?");
        assert_eq!(bound, [Parameter::Key, Parameter::End, Parameter::Key]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "[a-z:;'\"`$#/*\\-é\\\\ \n]{0,40}") {
            let _ = Query::parse(&text);
            let _ = Query::parse_as(&text, SqlDialect::MySql);
        }
    }
}
