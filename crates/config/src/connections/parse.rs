//! `connections:`, parsed.

use std::{collections::HashMap, sync::Arc};

use crate::{
    connections::document::ConnectionDoc,
    parse_context::ParseContext,
    source::{
        command, csv, http, push, sql,
        sql::parse::{database, server, sqlite},
    },
};
use kpid_rules::model::Id;
use kpid_sources::{Connection, sql::Address};

/// A connection, and what of it has a name: queries or requests, which sources refer to.
pub(crate) fn connection(
    context: &mut ParseContext,
    id: &Id,
    doc: &ConnectionDoc,
) -> Option<Connection> {
    let connection = connection_of(context, doc);
    if let Some(queries) = sql::parse::named_queries(context, doc) {
        Arc::make_mut(&mut context.databases).insert(id.clone(), queries);
    }
    let requests = match doc {
        ConnectionDoc::Http(doc) => http::connection::parse::requests(context, doc),
        _ => HashMap::new(),
    };
    Arc::make_mut(&mut context.requests).insert(id.clone(), requests);
    connection
}

fn connection_of(context: &mut ParseContext, doc: &ConnectionDoc) -> Option<Connection> {
    match doc {
        ConnectionDoc::Postgres(doc) => server(context, doc, 5432)
            .map(|server| database(context, Address::Postgres(server), doc)),
        ConnectionDoc::Mysql(doc) => {
            server(context, doc, 3306).map(|server| database(context, Address::MySql(server), doc))
        }
        ConnectionDoc::Sqlite(doc) => sqlite(context, doc),
        ConnectionDoc::Http(doc) => http::connection::parse::connection(context, doc),
        ConnectionDoc::Csv(doc) => csv::parse::connection(context, doc),
        ConnectionDoc::Command(doc) => command::parse::connection(context, doc),
        ConnectionDoc::Push(doc) => push::parse::connection(context, doc),
    }
}
