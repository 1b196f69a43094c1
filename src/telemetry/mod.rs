//! What the daemon says of itself: lines to standard error, which journald keeps, and what it counts.

pub mod metrics;
pub mod store_health;

use std::{
    fmt,
    io::IsTerminal,
    sync::{PoisonError, RwLock},
};

use chrono_tz::Tz;
use kpid_clock::Clock;
use kpid_rules::model::is_hidden;
use tracing::{Event, Level, Subscriber};
use tracing_subscriber::{
    EnvFilter,
    fmt::{
        FmtContext, FormatEvent, FormatFields,
        format::{Format, Full, Writer},
        time::FormatTime,
    },
    registry::LookupSpan,
};

/// The wake-up clock's own crate tells of its inner life; only its trouble is ours. Whoever waits for the
/// store while it is busy is no trouble: how long rounds take is counted. What a database says beside its
/// answers could be as many lines as it likes.
const QUIET: &str = "tokio_cron_scheduler=warn,sqlx::pool=error,sqlx::postgres::notice=off";

/// The zone of the calendar, in which lines say when they were written.
static ZONE: RwLock<Tz> = RwLock::new(Tz::UTC);

/// From now on lines say when they were written in this zone, as answers do.
pub fn use_zone(zone: Tz) {
    *ZONE.write().unwrap_or_else(PoisonError::into_inner) = zone;
}

/// When a line was written, in the zone of the calendar.
#[derive(Clone, Copy, Debug, Default)]
struct LocalTime;

impl FormatTime for LocalTime {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let zone = *ZONE.read().unwrap_or_else(PoisonError::into_inner);
        let now = Clock::System.now().with_timezone(&zone);
        write!(writer, "{}", now.format("%Y-%m-%dT%H:%M:%S%.6f%:z"))
    }
}

/// What a line of the log looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Lines {
    /// For people: time, level, words, fields.
    #[default]
    Text,
    /// For collectors: an object a line.
    Json,
    /// For journald: the level as its priority; it notes the time itself.
    Journald,
}

/// Sends the log to standard error, from the level or filter given, e.g. `info` or `kpid=debug`.
pub fn start(filter: &str, lines: Lines) -> anyhow::Result<()> {
    let filter = EnvFilter::try_new(format!("{QUIET},{filter}")).map_err(|_| {
        anyhow::anyhow!(
            "`{filter}` is not a valid log filter; write a level such as info, or kpid=debug"
        )
    })?;
    let usual = || {
        tracing_subscriber::fmt()
            .with_env_filter(filter)
            .with_writer(std::io::stderr)
            // A log that cannot be written, on a full disk, is no reason to end.
            .log_internal_errors(false)
    };
    let started = match lines {
        Lines::Text => {
            let is_terminal = std::io::stderr().is_terminal();
            let words = Format::default().with_timer(LocalTime).with_target(false);
            let words = words.with_ansi(is_terminal);
            usual().with_ansi(is_terminal).event_format(Records { words }).try_init()
        }
        Lines::Json => {
            let json = usual().with_timer(LocalTime).json().flatten_event(true);
            json.with_target(false).try_init()
        }
        Lines::Journald => usual().with_ansi(false).event_format(Prioritised::new()).try_init(),
    };
    started.map_err(|error| anyhow::anyhow!("cannot start the log: {error}"))
}

/// A record as it is written: further lines are indented, so that none of them, whatever a source
/// answered, looks like a record of its own; and nothing turns round what stands beside it.
fn record(text: &str) -> String {
    let is_shown = |sign: &char| !is_hidden(*sign) || matches!(sign, '\n' | '\u{1b}');
    let shown: String = text.trim_end().chars().filter(is_shown).collect();
    shown.replace('\n', "\n    ") + "\n"
}

/// Lines for people.
struct Records {
    words: Format<Full, LocalTime>,
}

impl<S, N> FormatEvent<S, N> for Records
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut text = String::new();
        let inner = Writer::new(&mut text);
        self.words.format_event(context, inner, event)?;
        writer.write_str(&record(&text))
    }
}

/// Lines that begin with the priority that journald reads (sd-daemon(3)), without a time.
struct Prioritised {
    words: Format<Full, ()>,
}

impl Prioritised {
    fn new() -> Self {
        let words = Format::default().without_time().with_level(false).with_target(false);
        Self { words: words.with_ansi(false) }
    }
}

impl<S, N> FormatEvent<S, N> for Prioritised
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => 3,
            Level::WARN => 4,
            Level::INFO => 6,
            Level::DEBUG | Level::TRACE => 7,
        };
        let mut text = String::new();
        self.words.format_event(context, Writer::new(&mut text), event)?;
        // To journald each line is an entry of its own, and one without a priority is a mere remark.
        record(&text).lines().try_for_each(|line| writeln!(writer, "<{priority}>{line}"))
    }
}
