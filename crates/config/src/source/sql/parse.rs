//! Databases: the connection, and the source of a KPI, parsed.

use std::net::IpAddr;

use crate::{
    connections::document::ConnectionDoc,
    parse_context::{NamedQueries, ParseContext, given},
    problem::{Place, Problem, suggestion},
    source::{
        date_formats::formats,
        figure_columns::columns,
        limits::{ROWS, concurrent_max, timeout},
        sql::document::{ServerDoc, SqlSourceDoc, SqliteDoc, TlsDoc},
    },
    yaml::located::Loc,
};
use kpid_delivery::mail_address;
use kpid_rules::model::Id;
use kpid_sources::{
    Connection, Request,
    sql::{Address, Database, Query, Server, SqlDialect, Tls},
};

pub(crate) fn server(context: &mut ParseContext, doc: &ServerDoc, port: u16) -> Option<Server> {
    let password = match &doc.password {
        None => None,
        Some(password) => Some(context.secret(password)?),
    };
    let tls = match given(doc.tls.as_ref()) {
        Some(TlsDoc::Disable) => Tls::Disable,
        None | Some(TlsDoc::Prefer) => Tls::Prefer,
        Some(TlsDoc::Require) => Tls::Require,
        Some(TlsDoc::Verify) => Tls::Verify,
    };
    if let Some(ca) = doc.ca.as_ref().filter(|_| tls != Tls::Verify) {
        context.error(ca.place, "`ca` has an effect only with `tls: verify`");
    }
    let authority = doc.ca.as_ref().and_then(|doc| context.file(doc));
    Some(Server {
        host: host(context, &doc.host)?,
        port: given(doc.port.as_ref()).copied().unwrap_or(port),
        database: doc.database.value.clone()?,
        user: doc.user.value.clone()?,
        password,
        tls,
        authority,
    })
}

fn host(context: &mut ParseContext, doc: &Loc<String>) -> Option<String> {
    let written = doc.value.as_deref()?;
    let name = server_name(written);
    if name.is_none() {
        let hint = "write the name or address alone, such as db.example; `port`, `user` and \
                    `database` are keys of their own";
        let problem = format!("`{written}` is not a valid server name");
        context.problems.push(Problem::error(doc.place, problem).hint(hint));
    }
    name
}

/// A server's name in the form that resolvers and certificates have it, or the folder of its socket.
fn server_name(written: &str) -> Option<String> {
    if written.starts_with('/') || written.parse::<IpAddr>().is_ok() {
        return Some(written.to_owned());
    }
    let is_more = |c: char| c.is_whitespace() || matches!(c, '/' | ':' | '@');
    let name = mail_address::host(written)?;
    (!name.is_empty() && !name.contains(is_more)).then_some(name)
}

pub(crate) fn database(
    context: &mut ParseContext,
    address: Address,
    doc: &ServerDoc,
) -> Connection {
    limited(context, address, &doc.timeout, &doc.max_concurrent, &doc.max_rows)
}

pub(crate) fn sqlite(context: &mut ParseContext, doc: &SqliteDoc) -> Option<Connection> {
    let address = Address::Sqlite(context.database_file(&doc.path)?);
    Some(limited(context, address, &doc.timeout, &doc.max_concurrent, &doc.max_rows))
}

fn limited(
    context: &mut ParseContext,
    address: Address,
    span: &Option<Loc<String>>,
    concurrent: &Option<Loc<u32>>,
    rows: &Option<Loc<u32>>,
) -> Connection {
    let rows = rows.as_ref().and_then(|doc| context.at_least_one(doc, "max_rows")).unwrap_or(ROWS);
    Connection::Sql(Database {
        address,
        timeout: timeout(context, span),
        concurrent_max: concurrent_max(context, concurrent),
        rows_max: usize::try_from(rows).unwrap_or(usize::MAX),
    })
}

/// How a connection is spoken to, if it is a database.
pub(crate) fn named_queries(
    context: &mut ParseContext,
    doc: &ConnectionDoc,
) -> Option<NamedQueries> {
    let (dialect, queries) = match doc {
        ConnectionDoc::Postgres(doc) => (SqlDialect::Standard, &doc.queries),
        ConnectionDoc::Sqlite(doc) => (SqlDialect::Sqlite, &doc.queries),
        ConnectionDoc::Mysql(doc) => (SqlDialect::MySql, &doc.queries),
        _ => return None,
    };
    let written = given(queries.as_ref()).map(|docs| context.entries(docs)).unwrap_or_default();
    let queries = written
        .into_iter()
        .filter_map(|(name, _, doc)| Some((name.to_string(), query(context, doc, dialect)?)));
    Some(NamedQueries { dialect, queries: queries.collect() })
}

/// A question to a database.
pub(crate) fn request(context: &mut ParseContext, doc: &SqlSourceDoc) -> Option<Request> {
    let mut query = match (&doc.query, &doc.named) {
        (Some(written), None) => {
            let from = doc.from.value.as_deref().and_then(|from| Id::parse(from).ok());
            let database = from.and_then(|from| context.databases.get(&from));
            let dialect = database.map_or(SqlDialect::Standard, |database| database.dialect);
            query(context, written, dialect)?
        }
        (None, Some(name)) => named(context, &doc.from, name)?,
        _ => {
            context.error(doc.from.place, "an SQL source needs either `query` or `named`");
            return None;
        }
    };
    let place = doc.from.place;
    query.figure = columns(context, place, &doc.value, &doc.numerator, &doc.denominator)?;
    query.formats = formats(context, &doc.period_format, &doc.observed_at_format)?;
    Some(Request::Sql(Box::new(query)))
}

/// A query, with what is wrong with it told where it stands.
pub(crate) fn query(
    context: &mut ParseContext,
    doc: &Loc<String>,
    dialect: SqlDialect,
) -> Option<Query> {
    let text = doc.value.as_deref()?;
    match Query::parse_as(text, dialect) {
        Ok(query) => {
            tell_mistakes(context, doc.place, text, &query, dialect);
            Some(query)
        }
        Err(error) => {
            let place = doc.place.within(error.at, text);
            context.error(place, error.problem.to_string());
            None
        }
    }
}

/// What a query would get wrong, and what it gets wrong if a column keeps times.
fn tell_mistakes(
    context: &mut ParseContext,
    place: Place,
    text: &str,
    query: &Query,
    dialect: SqlDialect,
) {
    if let Some(mistake) = query.mistake(dialect) {
        let place = place.within(mistake.at, text);
        context.problems.push(Problem::error(place, mistake.message).hint(mistake.hint));
    }
    if let Some(mistake) = query.loses_last_day(dialect) {
        let place = place.within(mistake.at, text);
        context.problems.push(Problem::warning(place, mistake.message).hint(mistake.hint));
    }
}

/// A query of the connection.
fn named(context: &mut ParseContext, from: &Loc<String>, name: &Loc<String>) -> Option<Query> {
    let (from, wanted) = (from.value.as_deref()?, name.value.as_deref()?);
    let id = Id::parse(from).ok()?;
    let Some(database) = context.databases.get(&id) else {
        // A connection that is not there is told by itself.
        if context.requests.contains_key(&id) {
            context.error(name.place, format!("`{from}` is not a database, so it has no queries"));
        }
        return None;
    };
    let queries = &database.queries;
    let found = queries.get(wanted).cloned();
    if found.is_none() {
        let hint = suggestion(wanted, queries.keys().map(String::as_str));
        let hint = hint.unwrap_or_else(|| format!("add it to `queries:` of `{from}`"));
        let message = format!("the connection `{from}` has no query `{wanted}`");
        context.problems.push(Problem::error(name.place, message).hint(hint));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_is_named_as_resolvers_know_it() {
        for (written, name) in [
            ("db.example", Some("db.example")),
            ("erp_db", Some("erp_db")),
            ("127.0.0.1", Some("127.0.0.1")),
            ("::1", Some("::1")),
            ("/var/run/postgresql", Some("/var/run/postgresql")),
            ("/srv/bücher", Some("/srv/bücher")),
            ("müller.example", Some("xn--mller-kva.example")),
            ("DB.Müller.example", Some("db.xn--mller-kva.example")),
            ("例え.jp", Some("xn--r8jz45g.jp")),
            ("db.example:5432", None),
            ("postgres://db.example/erp", None),
            ("kpid@db.example", None),
            ("kpid@müller.example", None),
            ("db example", None),
            ("", None),
        ] {
            assert_eq!(server_name(written).as_deref(), name, "{written}");
        }
    }
}
