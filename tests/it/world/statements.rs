//! What a store is asked while something goes on: every statement, with the rows that it wrote.

use std::{
    collections::HashMap,
    fmt::Debug,
    sync::{
        Mutex, Once,
        atomic::{AtomicU64, Ordering},
    },
};

use tracing::{
    Event, Instrument, Subscriber,
    field::{Field, Visit},
    info_span,
    span::{Attributes, Id},
};
use tracing_subscriber::{
    Layer, filter::filter_fn, layer::Context, layer::SubscriberExt, registry, registry::LookupSpan,
};

/// Where sqlx reports what it asked.
const REPORTS: &str = "sqlx::query";

/// The span of what is watched; sqlx takes it along to the thread that asks.
const WATCHED: &str = "watched";

/// What was seen of everything that is watched, by its number.
static SEEN: Mutex<Option<HashMap<u64, Vec<Statement>>>> = Mutex::new(None);

/// A statement that was executed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Statement {
    pub(crate) sql: String,
    pub(crate) rows_written: u64,
}

/// Does something, and says what was asked of stores meanwhile, in that order. What it spawns is not
/// seen.
pub(crate) async fn statements<T>(of: impl Future<Output = T>) -> (T, Vec<Statement>) {
    static INSTALLED: Once = Once::new();
    static NEXT: AtomicU64 = AtomicU64::new(1);
    INSTALLED.call_once(|| {
        let is_wanted = filter_fn(|held| held.target() == REPORTS || held.name() == WATCHED);
        let subscriber = registry().with(Watcher.with_filter(is_wanted));
        tracing::subscriber::set_global_default(subscriber).unwrap();
    });
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let done = of.instrument(info_span!("watched", number)).await;
    let mut seen = SEEN.lock().unwrap();
    (done, seen.as_mut().and_then(|seen| seen.remove(&number)).unwrap_or_default())
}

struct Watcher;

/// The number of a watched span.
struct Number(u64);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Watcher {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(Number(fields.number));
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let Some(scope) = context.event_scope(event) else { return };
        let numbers = scope.filter_map(|span| span.extensions().get::<Number>().map(|held| held.0));
        let mut fields = Fields::default();
        event.record(&mut fields);
        // A short statement is its own summary.
        let sql = if fields.statement.is_empty() { fields.summary } else { fields.statement };
        let statement =
            Statement { sql: sql.trim().to_owned(), rows_written: fields.rows_affected };
        let mut seen = SEEN.lock().unwrap();
        for number in numbers {
            let seen = seen.get_or_insert_default();
            seen.entry(number).or_default().push(statement.clone());
        }
    }
}

#[derive(Default)]
struct Fields {
    number: u64,
    summary: String,
    statement: String,
    rows_affected: u64,
}

impl Visit for Fields {
    fn record_u64(&mut self, field: &Field, value: u64) {
        match field.name() {
            "number" => self.number = value,
            "rows_affected" => self.rows_affected = value,
            _ => {}
        }
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match field.name() {
            "summary" => value.clone_into(&mut self.summary),
            "db.statement" => value.clone_into(&mut self.statement),
            _ => {}
        }
    }

    fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
}
