//! From files to a [`Setup`]: everything is read, everything that is wrong is told at once.

use std::{
    collections::HashSet,
    fs,
    num::NonZero,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::Arc,
    thread,
};

use sha2::{Digest, Sha256};

use crate::calendar;
use crate::{
    calendar::document::CalendarDoc,
    channels::template_problems,
    daemon::{self, document::DaemonDoc, parse::ParsedDaemon},
    files::Files,
    lint,
    parse_context::{Mention, ParseContext},
    people::document::PersonDoc,
    places::{Places, ScorecardPlaces},
    problem::{Place, Problem, Severity, suggestion},
    problems::Problems,
    reachability, retention,
    scorecard::{self, document::ScorecardDoc, parse::ParsedScorecard},
    secret::Secrets,
    setup::{Collection, PushedKpi, Setup},
    yaml::{
        self, encoding,
        limits::FILE_BYTES_MAX,
        located::{Entries, Loc},
    },
};
use kpid_message::wording::plural;
use kpid_os_error::in_words;
use kpid_rules::model::{Calendar, Id, LinkError, Portfolio, Scorecard};
use kpid_sources::{Connection, Request};

/// Where scorecards are, unless `scorecards:` says otherwise.
const SCORECARDS: &str = "scorecards/*.yaml";

/// Where the store is, unless `store:` says otherwise.
const STORE: &str = "kpid.db";

/// A file for each unit of the largest companies; more are the wrong pattern, such as a whole disk.
const FILES_MAX: usize = 10_000;

/// Fewer files than this are read sooner than a thread is started for them.
const FILES_PER_THREAD_MIN: usize = 16;

/// What the deepest document that is read takes, several times over.
const STACK_BYTES: usize = 16 << 20;

/// Why there is no set-up.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// A file cannot be read at all.
    #[error("cannot read {path}: {message}", path = .path.display())]
    Unreadable {
        /// Which file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The files say something that cannot be.
    #[error("{} in the configuration", count(.0))]
    Problems(Problems),
}

/// Reads a configuration. A good one comes with its warnings.
pub fn load(path: &Path, secrets: Secrets) -> Result<(Setup, Problems), LoadError> {
    let mut files = Files::default();
    let daemon_file = read(&mut files, path)?;
    let folder = path.parent().map(Path::to_path_buf).unwrap_or_default();
    let (doc, problems) = yaml::read::<DaemonDoc>(&files, daemon_file);
    let mut context = ParseContext {
        folder: anchored(path, &folder)?,
        secret_files: Vec::new(),
        secrets,
        databases: Arc::default(),
        requests: Arc::default(),
        problems,
    };
    let doc = doc.and_then(|doc| doc.value);
    let paths = scorecard_paths(&mut context, doc.as_ref(), &folder, daemon_file);
    let mut numbers = Vec::new();
    for (path, place) in paths {
        match read(&mut files, &path) {
            Ok(file) => numbers.push(file),
            // Whatever else is wrong is told beside it.
            Err(error) => context.problems.push(Problem::error(place, error.to_string())),
        }
    }
    let daemon = doc.as_ref().map(|doc| daemon::parse::daemon(&mut context, doc));
    let calendar = daemon.as_ref().map(|daemon| daemon.calendar.clone());
    let calendar = calendar.unwrap_or_else(|| Arc::new(Calendar::plain(chrono_tz::UTC)));
    let scorecards = scorecards(&mut context, &files, &numbers, &calendar);
    if let Some(daemon) = &daemon {
        let has_people = doc.as_ref().is_some_and(|doc| doc.people.is_some());
        check_names(&mut context, daemon, &scorecards, has_people);
        reachability::check(&mut context, daemon, &scorecards, has_people);
        let retention = doc.as_ref().and_then(|doc| doc.retention.as_ref());
        retention::parse::check(&mut context, retention, &daemon.retention, &scorecards);
        let sources = doc.as_ref().and_then(|doc| doc.connections.as_ref());
        if let Some(sources) = sources.filter(|_| context.is_good()) {
            let has_operators = !daemon.operators.is_empty();
            lint::readers_of_trouble(
                &mut context.problems,
                has_operators,
                &scorecards,
                sources.place,
            );
        }
    }
    let Parts { scorecards, places, collections, pushed } = into_parts(&mut context, scorecards);
    // How mails look judges nothing, and names no configuration.
    let config_hash = config_hash(&files);
    let portfolio = portfolio(&mut context, scorecards, &places);
    if let Some(daemon) = &daemon {
        context.problems.extend(template_problems::templates(&daemon.channels, &mut files));
    }
    let mut problems = Problems { files, places, found: std::mem::take(&mut context.problems) };
    problems.sort();
    match (daemon, portfolio) {
        (Some(daemon), Some(portfolio)) if problems.are_harmless() => {
            let store = daemon.store.clone().unwrap_or_else(|| context.folder.join(STORE));
            let setup = setup(config_hash, store, daemon, portfolio, (collections, pushed));
            Ok((setup, problems))
        }
        _ => Err(LoadError::Problems(problems)),
    }
}

/// A portfolio written inside another file, such as a scenario: scorecards, and if it likes a
/// calendar and people.
pub(crate) struct Inline<'d> {
    /// The scorecards.
    pub(crate) scorecards: Vec<&'d ScorecardDoc>,
    /// The calendar; UTC and January without one.
    pub(crate) calendar: Option<&'d Loc<CalendarDoc>>,
    /// The people; without them any name may be told.
    pub(crate) people: Option<&'d Loc<Entries<PersonDoc>>>,
}

/// Parses scorecards written inside another file.
pub(crate) fn inline(documents: &Inline<'_>, folder: &Path) -> (Option<Portfolio>, Vec<Problem>) {
    let mut context = ParseContext {
        folder: folder.to_path_buf(),
        secret_files: Vec::new(),
        secrets: Secrets::Unused,
        databases: Arc::default(),
        requests: Arc::default(),
        problems: Vec::new(),
    };
    let calendar = documents.calendar.and_then(|doc| doc.value.as_ref());
    let calendar = calendar.and_then(|doc| calendar::parse::calendar(&mut context, doc));
    let calendar = Arc::new(calendar.unwrap_or_else(|| Calendar::plain(chrono_tz::UTC)));
    let scorecards: Vec<_> = documents
        .scorecards
        .iter()
        .filter_map(|doc| scorecard::parse::scorecard(&mut context, doc, calendar.clone()))
        .collect();
    if let Some(people) = documents.people.and_then(|doc| doc.value.as_ref()) {
        let known: HashSet<String> = people.keys().map(|(key, _)| key.to_owned()).collect();
        for mention in scorecards.iter().flat_map(|parsed| &parsed.recipients) {
            check_name(&mut context, mention, &known, "person");
        }
    }
    let Parts { scorecards, places, .. } = into_parts(&mut context, scorecards);
    let portfolio = portfolio(&mut context, scorecards, &places);
    (portfolio, context.problems)
}

fn setup(
    config_hash: String,
    store: PathBuf,
    daemon: ParsedDaemon,
    portfolio: Portfolio,
    (collections, pushed): (Vec<Collection>, Vec<PushedKpi>),
) -> Setup {
    Setup {
        config_hash,
        store,
        calendar: daemon.calendar,
        portfolio: Arc::new(portfolio),
        collections,
        pushed,
        connections: daemon.connections,
        channels: daemon.channels,
        people: daemon.people,
        language: daemon.language,
        operators: daemon.operators.into_iter().map(|mention| mention.id).collect(),
        alerts: daemon.alerts,
        digests: daemon.digests,
        web: daemon.web,
        heartbeat: daemon.heartbeat,
        retention: daemon.retention,
        secret_files: daemon.secret_files,
    }
}

/// Reads a file into the list; a larger one than a configuration can be is refused.
pub(crate) fn read(files: &mut Files, path: &Path) -> Result<usize, LoadError> {
    let unreadable = |message: String| LoadError::Unreadable { path: path.to_path_buf(), message };
    let size = fs::metadata(path).map_err(|error| unreadable(in_words(&error)))?.len();
    if size > FILE_BYTES_MAX {
        return Err(unreadable(format!(
            "{size} bytes; a configuration has at most {FILE_BYTES_MAX}"
        )));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(in_words(&error)))?;
    Ok(files.add_read(path.to_path_buf(), encoding::text(&bytes)))
}

/// The scorecards of these files, in their order; what is wrong in them is told. Files are read side
/// by side: most of the time that a large configuration takes is spent here. What was read of a file is
/// let go as soon as it has been parsed: as documents, all of them together take several times the
/// memory of what is made of them.
fn scorecards(
    context: &mut ParseContext,
    files: &Files,
    numbers: &[usize],
    calendar: &Arc<Calendar>,
) -> Vec<ParsedScorecard> {
    let threads = thread::available_parallelism().map_or(1, NonZero::get);
    let part = numbers.len().div_ceil(threads).max(FILES_PER_THREAD_MIN);
    let read = |numbers: &[usize], mut context: ParseContext| {
        let of = |number: &usize| {
            let (doc, problems) = yaml::read::<ScorecardDoc>(files, *number);
            context.problems.extend(problems);
            scorecard::parse::scorecard(&mut context, &doc?.value?, calendar.clone())
        };
        let found: Vec<ParsedScorecard> = numbers.iter().filter_map(of).collect();
        (found, context.problems)
    };
    let parts: Vec<_> = thread::scope(|scope| {
        let mut started = Vec::new();
        for part in numbers.chunks(part) {
            let (builder, own) = (thread::Builder::new().stack_size(STACK_BYTES), context.beside());
            started.push((part, builder.spawn_scoped(scope, move || read(part, own))));
        }
        let parts = started.into_iter().map(|(part, started)| match started {
            Ok(thread) => thread.join().unwrap_or_else(|panic| resume_unwind(panic)),
            // A machine that has no thread to spare reads them one after the other.
            Err(_no_thread) => read(part, context.beside()),
        });
        parts.collect()
    });
    let mut scorecards = Vec::with_capacity(numbers.len());
    for (found, problems) in parts {
        scorecards.extend(found);
        context.problems.extend(problems);
    }
    scorecards
}

/// A folder whatever folder a program is started in, or a command runs in.
fn anchored(path: &Path, folder: &Path) -> Result<PathBuf, LoadError> {
    // `absolute` takes no empty path; the folder of `kpid.yaml` is this one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    std::path::absolute(folder).map_err(|error| LoadError::Unreadable {
        path: path.to_path_buf(),
        message: format!("the current folder cannot be used: {}", in_words(&error)),
    })
}

fn scorecard_paths(
    context: &mut ParseContext,
    doc: Option<&DaemonDoc>,
    folder: &Path,
    file: usize,
) -> Vec<(PathBuf, Place)> {
    let written = doc.and_then(|doc| doc.scorecards.as_ref());
    let start = Place { file, line: 1, column: 1, ..Place::default() };
    let patterns: Vec<(String, Place)> = match written {
        None => vec![(SCORECARDS.to_owned(), start)],
        Some(list) => list
            .value
            .iter()
            .flatten()
            .filter_map(|item| Some((item.value.clone()?, item.place)))
            .collect(),
    };
    let mut paths: Vec<(PathBuf, Place)> = Vec::new();
    let mut known: HashSet<PathBuf> = HashSet::new();
    for (pattern, place) in patterns {
        // Signs of a pattern in the name of the folder are only its name.
        let whole = Path::new(&glob::Pattern::escape(&folder.to_string_lossy())).join(&pattern);
        let found = match glob::glob(&whole.to_string_lossy()) {
            Ok(found) => found,
            Err(error) => {
                context.problems.push(Problem::error(
                    place,
                    format!("`{pattern}` is not a valid pattern: {}", error.msg),
                ));
                continue;
            }
        };
        let before = paths.len();
        for (at, path) in found.enumerate() {
            if at == FILES_MAX {
                let message = format!("more than {FILES_MAX} files match `{pattern}`");
                let hint = "name the folder of the scorecards alone";
                context.problems.push(Problem::error(place, message).hint(hint));
                break;
            }
            match path {
                Ok(path) if !known.insert(path.clone()) => {}
                Ok(path) => paths.push((path, place)),
                Err(error) => {
                    let (path, error) = (error.path().display(), error.error());
                    context
                        .problems
                        .push(Problem::error(place, format!("cannot read {path}: {error}")));
                }
            }
        }
        if paths.len() == before {
            let message = format!("no file matches `{pattern}`");
            context.problems.push(
                Problem::error(place, message)
                    .hint("write a scorecard there, or correct the pattern"),
            );
        }
    }
    paths
}

/// Connections, people and channels that are named and not there.
fn check_names(
    context: &mut ParseContext,
    daemon: &ParsedDaemon,
    scorecards: &[ParsedScorecard],
    has_people: bool,
) {
    let ids = |keys: &mut dyn Iterator<Item = &Id>| -> HashSet<String> {
        keys.map(ToString::to_string).collect()
    };
    let unread = &daemon.unread;
    let connections = ids(&mut daemon.connections.keys().chain(unread));
    let people = ids(&mut daemon.people.keys());
    let recipients = ids(&mut daemon.people.keys().chain(daemon.channels.keys()).chain(unread));
    for operator in &daemon.operators {
        check_name(context, operator, &recipients, "person or channel");
    }
    let units = ids(&mut scorecards.iter().map(|parsed| &parsed.scorecard.id));
    for person in &daemon.web_mentions.people {
        check_name(context, person, &people, "person");
    }
    for unit in &daemon.web_mentions.scorecards {
        check_name(context, unit, &units, "scorecard");
    }
    for parsed in scorecards {
        for connection in &parsed.connections {
            check_name(context, connection, &connections, "connection");
        }
        check_requests(context, daemon, parsed);
        check_pushed(context, daemon, parsed);
        for recipient in &parsed.recipients {
            check_name(context, recipient, &recipients, "person or channel");
            if parsed.scorecard.private && daemon.channels.contains_key(&recipient.id) {
                let message = format!(
                    "`{}` is private, and `{}` is a channel: name the person and their manager",
                    parsed.scorecard.id, recipient.id
                );
                context.problems.push(Problem::error(recipient.place, message));
            }
        }
        for owner in parsed.owners.iter().filter(|_| has_people) {
            check_name(context, owner, &people, "person");
        }
    }
}

/// Questions that their connection cannot be asked.
fn check_requests(context: &mut ParseContext, daemon: &ParsedDaemon, parsed: &ParsedScorecard) {
    let mut tried: HashSet<(&Id, &str)> = HashSet::new();
    for Collection { kpi, source, .. } in &parsed.collections {
        let connection = daemon.connections.get(&source.from);
        if let (Some(Connection::Command(commands)), Request::Command(run)) =
            (connection, &source.request)
            && tried.insert((&source.from, &run.program))
            && let Some(why) = commands.hindrance(run)
        {
            let place = parsed.places.get(&kpi.kpi).copied().unwrap_or(parsed.place);
            let warning = format!("the command of `{kpi}` cannot be run here: {why}");
            context.problems.push(Problem::warning(place, warning));
        }
        let Some(connection) = connection.filter(|known| !known.takes(&source.request)) else {
            continue;
        };
        let place = parsed.places.get(&kpi.kpi).copied().unwrap_or(parsed.place);
        let message = format!(
            "the source of `{kpi}` is {}, but its connection `{}` is {}",
            source.request.noun(),
            source.from,
            connection.noun()
        );
        context.problems.push(Problem::error(place, message));
    }
}

/// KPIs that are pushed over a connection that is asked instead.
fn check_pushed(context: &mut ParseContext, daemon: &ParsedDaemon, parsed: &ParsedScorecard) {
    for PushedKpi { kpi, from, .. } in &parsed.pushed {
        let Some(connection) =
            daemon.connections.get(from).filter(|held| held.push_endpoint().is_none())
        else {
            continue;
        };
        let place = parsed.places.get(&kpi.kpi).copied().unwrap_or(parsed.place);
        let noun = connection.noun();
        let message = format!("`{kpi}` is pushed, but its connection `{from}` is {noun}");
        context.problems.push(Problem::error(place, message));
    }
}

fn check_name(context: &mut ParseContext, mention: &Mention, known: &HashSet<String>, what: &str) {
    let name = mention.id.as_str();
    if known.contains(name) {
        return;
    }
    let place = mention.place;
    let hint = suggestion(name, known.iter().map(String::as_str));
    let hint = hint.unwrap_or_else(|| match what {
        "connection" => {
            format!("add it to `connections:`, e.g. {name}: {{ http: {{ base_url: … }} }}")
        }
        _ => format!("add it to `people:`, e.g. {name}: {{ name: …, email: … }}"),
    });
    context.problems.push(Problem::error(place, format!("there is no {what} `{name}`")).hint(hint));
}

/// What scorecards come to, each kind of thing by itself.
#[derive(Default)]
struct Parts {
    scorecards: Vec<Scorecard>,
    places: Places,
    collections: Vec<Collection>,
    pushed: Vec<PushedKpi>,
}

fn into_parts(context: &mut ParseContext, scorecards: Vec<ParsedScorecard>) -> Parts {
    // What could not be read would be missed by every lint.
    let is_good = context.is_good();
    let mut parts = Parts {
        scorecards: Vec::with_capacity(scorecards.len()),
        collections: Vec::with_capacity(
            scorecards.iter().map(|parsed| parsed.collections.len()).sum(),
        ),
        ..Parts::default()
    };
    for mut parsed in scorecards {
        parts.collections.append(&mut parsed.collections);
        parts.pushed.append(&mut parsed.pushed);
        if is_good {
            lint::scorecard(&mut context.problems, &parsed.scorecard, &parsed.places, parsed.place);
        }
        let ParsedScorecard { scorecard, place, places, objectives, .. } = parsed;
        let places = ScorecardPlaces { scorecard: place, nodes: places, objectives };
        parts.places.add(scorecard.id.clone(), places);
        parts.scorecards.push(scorecard);
    }
    parts
}

/// The portfolio, with what is wrong with links told at the node that links.
fn portfolio(
    context: &mut ParseContext,
    scorecards: Vec<Scorecard>,
    places: &Places,
) -> Option<Portfolio> {
    let at = |node: &str| places.of_path(node).unwrap_or_default();
    match Portfolio::new(scorecards) {
        Ok(portfolio) => {
            for (objective, kpi) in portfolio.counted_twice() {
                let message = format!("`{kpi}` counts twice in the objective `{objective}`");
                let hint = "it is linked twice; make one of the links `aligned`";
                context.problems.push(Problem::warning(at(&kpi.to_string()), message).hint(hint));
            }
            Some(portfolio)
        }
        Err(errors) => {
            for error in errors {
                let place = match &error {
                    LinkError::DuplicateScorecard(id) => at(id.as_str()),
                    LinkError::Dangling { from, .. }
                    | LinkError::Cycle(from, _)
                    | LinkError::Unlike { from, .. }
                    | LinkError::TooDeep(from) => at(from),
                };
                let problem = Problem::error(place, error.to_string());
                context.problems.push(match error {
                    LinkError::Unlike { hint, .. } => problem.hint(hint),
                    _ => problem,
                });
            }
            None
        }
    }
}

/// Names a configuration by the texts of its files.
pub(crate) fn config_hash(files: &Files) -> String {
    let mut hasher = Sha256::new();
    for (path, text) in files.iter() {
        let name = path.file_name().unwrap_or_default();
        hasher.update(name.as_encoded_bytes());
        hasher.update([0]);
        hasher.update(text.as_bytes());
        hasher.update([0]);
    }
    let bytes = hasher.finalize();
    let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("sha256:{hex}")
}

fn count(problems: &Problems) -> String {
    let errors = problems.found.iter();
    let errors = errors.filter(|problem| problem.severity == Severity::Error).count();
    plural(errors, "problem")
}
