//! From files to a [`Setup`]: everything is read, everything that is wrong is told at once.

use std::{
    collections::{HashMap, HashSet},
    fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest, Sha256};

use crate::{
    channels::template_problems,
    daemon::{
        self,
        document::{CalendarDoc, DaemonDoc, PersonDoc},
        parse::DaemonParts,
    },
    lint,
    parse_context::{Desk, Mention},
    problem::{Files, Place, Problem, Problems, Severity, suggestion},
    reachability, retention,
    scorecard::{self, document::ScorecardDoc, parse::ScorecardParts},
    secret::Secrets,
    setup::{Collection, PushedKpi, Setup},
    yaml::{
        self, FILE_BYTES_MAX, encoding,
        located::{Entries, Loc},
    },
};
use kpid_message::wording::plural;
use kpid_rules::model::{Calendar, Id, LinkError, Portfolio, Scope, Scorecard};
use kpid_sources::{Connection, Request};

/// Where scorecards are, unless `scorecards:` says otherwise.
const SCORECARDS: &str = "scorecards/*.yaml";

/// Where the store is, unless `store:` says otherwise.
const STORE: &str = "kpid.db";

/// More files than this are the wrong pattern.
const FILES_MAX: usize = 1_000;

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
    let mut desk = Desk {
        folder: anchored(path, &folder)?,
        secret_files: Vec::new(),
        secrets,
        speeches: HashMap::new(),
        calls: HashMap::new(),
        problems,
    };
    let doc = doc.and_then(|doc| doc.value);
    let paths = scorecard_paths(&mut desk, doc.as_ref(), &folder, daemon_file);
    let mut docs = Vec::new();
    for (path, place) in paths {
        let file = match read(&mut files, &path) {
            Ok(file) => file,
            // Whatever else is wrong is told beside it.
            Err(error) => {
                desk.problems.push(Problem::error(place, error.to_string()));
                continue;
            }
        };
        let (doc, problems) = yaml::read::<ScorecardDoc>(&files, file);
        desk.problems.extend(problems);
        docs.extend(doc.and_then(|doc| doc.value));
    }
    let parts = doc.as_ref().map(|doc| daemon::parse::daemon(&mut desk, doc));
    let calendar = parts.as_ref().map(|parts| parts.calendar.clone());
    let calendar = calendar.unwrap_or_else(|| Arc::new(Calendar::plain(chrono_tz::UTC)));
    let sheets: Vec<_> = docs
        .iter()
        .filter_map(|doc| scorecard::parse::scorecard(&mut desk, doc, calendar.clone()))
        .collect();
    if let Some(parts) = &parts {
        let has_people = doc.as_ref().is_some_and(|doc| doc.people.is_some());
        check_names(&mut desk, parts, &sheets, has_people);
        reachability::check(&mut desk, parts, &sheets, has_people);
        let retention = doc.as_ref().and_then(|doc| doc.retention.as_ref());
        retention::parse::check(&mut desk, retention, &parts.retention, &sheets);
        let sources = doc.as_ref().and_then(|doc| doc.connections.as_ref());
        if let Some(sources) = sources.filter(|_| desk.is_good()) {
            let has_operators = !parts.operators.is_empty();
            lint::readers_of_trouble(&mut desk.problems, has_operators, &sheets, sources.place);
        }
    }
    let (scorecards, collections, pushed) = taken_apart(&mut desk, sheets);
    // How mails look judges nothing, and names no configuration.
    let digest = digest(&files);
    let places = places(&scorecards);
    let portfolio = portfolio(&mut desk, scorecards);
    if let Some(parts) = &parts {
        desk.problems.extend(template_problems::templates(&parts.channels, &mut files));
    }
    let mut problems = Problems { files, found: std::mem::take(&mut desk.problems) };
    problems.sort();
    match (parts, portfolio) {
        (Some(parts), Some(portfolio)) if problems.are_harmless() => {
            let store = parts.store.clone().unwrap_or_else(|| desk.folder.join(STORE));
            let setup = setup(digest, store, parts, (portfolio, places), (collections, pushed));
            Ok((setup, problems))
        }
        _ => Err(LoadError::Problems(problems)),
    }
}

/// A portfolio written inside another file, such as a scenario: scorecards, and if it likes a
/// calendar and people.
pub struct Inline<'d> {
    /// The scorecards.
    pub scorecards: Vec<&'d ScorecardDoc>,
    /// The calendar; UTC and January without one.
    pub calendar: Option<&'d Loc<CalendarDoc>>,
    /// The people; without them any name may be told.
    pub people: Option<&'d Loc<Entries<PersonDoc>>>,
}

/// Parses scorecards written inside another file.
pub fn inline(documents: &Inline<'_>, folder: &Path) -> (Option<Portfolio>, Vec<Problem>) {
    let mut desk = Desk {
        folder: folder.to_path_buf(),
        secret_files: Vec::new(),
        secrets: Secrets::Unused,
        speeches: HashMap::new(),
        calls: HashMap::new(),
        problems: Vec::new(),
    };
    let calendar = documents.calendar.and_then(|doc| doc.value.as_ref());
    let calendar = calendar.and_then(|doc| daemon::parse::calendar(&mut desk, doc));
    let calendar = Arc::new(calendar.unwrap_or_else(|| Calendar::plain(chrono_tz::UTC)));
    let sheets: Vec<_> = documents
        .scorecards
        .iter()
        .filter_map(|doc| scorecard::parse::scorecard(&mut desk, doc, calendar.clone()))
        .collect();
    if let Some(people) = documents.people.and_then(|doc| doc.value.as_ref()) {
        let known: HashSet<String> = people.keys().map(|(key, _)| key.to_owned()).collect();
        for mention in sheets.iter().flat_map(|sheet| &sheet.recipients) {
            check_name(&mut desk, mention, &known, "person");
        }
    }
    let (scorecards, ..) = taken_apart(&mut desk, sheets);
    let portfolio = portfolio(&mut desk, scorecards);
    (portfolio, desk.problems)
}

fn setup(
    digest: String,
    store: PathBuf,
    parts: DaemonParts,
    (portfolio, places): (Portfolio, HashMap<Scope, Place>),
    (collections, pushed): (Vec<Collection>, Vec<PushedKpi>),
) -> Setup {
    Setup {
        digest,
        store,
        calendar: parts.calendar,
        portfolio,
        places,
        collections,
        pushed,
        connections: parts.connections,
        channels: parts.channels,
        people: parts.people,
        operators: parts.operators.into_iter().map(|mention| mention.id).collect(),
        alerts: parts.alerts,
        digests: parts.digests,
        web: parts.web,
        heartbeat: parts.heartbeat,
        retention: parts.retention,
        secret_files: parts.secret_files,
    }
}

/// Reads a file into the list; a larger one than a configuration can be is refused.
pub fn read(files: &mut Files, path: &Path) -> Result<usize, LoadError> {
    let unreadable = |message: String| LoadError::Unreadable { path: path.to_path_buf(), message };
    let size = fs::metadata(path).map_err(|error| unreadable(error.to_string()))?.len();
    if size > FILE_BYTES_MAX {
        return Err(unreadable(format!(
            "{size} bytes; a configuration has at most {FILE_BYTES_MAX}"
        )));
    }
    let bytes = fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    Ok(files.add_read(path.to_path_buf(), encoding::text(&bytes)))
}

/// A folder whatever folder a program is started in, or a command runs in.
fn anchored(path: &Path, folder: &Path) -> Result<PathBuf, LoadError> {
    // `absolute` takes no empty path; the folder of `kpid.yaml` is this one.
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    std::path::absolute(folder).map_err(|error| LoadError::Unreadable {
        path: path.to_path_buf(),
        message: format!("the current folder is not there: {error}"),
    })
}

fn scorecard_paths(
    desk: &mut Desk,
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
    for (pattern, place) in patterns {
        // Signs of a pattern in the name of the folder are only its name.
        let whole = Path::new(&glob::Pattern::escape(&folder.to_string_lossy())).join(&pattern);
        let found = match glob::glob(&whole.to_string_lossy()) {
            Ok(found) => found,
            Err(error) => {
                desk.problems.push(Problem::error(
                    place,
                    format!("`{pattern}` is no pattern: {}", error.msg),
                ));
                continue;
            }
        };
        let before = paths.len();
        for (at, path) in found.enumerate() {
            if at == FILES_MAX {
                let message = format!("more than {FILES_MAX} files fit `{pattern}`");
                let hint = "name the folder of the scorecards alone";
                desk.problems.push(Problem::error(place, message).hint(hint));
                break;
            }
            match path {
                Ok(path) if paths.iter().any(|(known, _)| *known == path) => {}
                Ok(path) => paths.push((path, place)),
                Err(error) => {
                    let (path, error) = (error.path().display(), error.error());
                    desk.problems
                        .push(Problem::error(place, format!("cannot read {path}: {error}")));
                }
            }
        }
        if paths.len() == before {
            let message = format!("no file fits `{pattern}`");
            desk.problems.push(
                Problem::error(place, message).hint("write a scorecard there, or name its place"),
            );
        }
    }
    paths
}

/// Connections, people and channels that are named and not there.
fn check_names(desk: &mut Desk, parts: &DaemonParts, sheets: &[ScorecardParts], has_people: bool) {
    let ids = |keys: &mut dyn Iterator<Item = &Id>| -> HashSet<String> {
        keys.map(ToString::to_string).collect()
    };
    let unread = &parts.unread;
    let connections = ids(&mut parts.connections.keys().chain(unread));
    let people = ids(&mut parts.people.keys());
    let recipients = ids(&mut parts.people.keys().chain(parts.channels.keys()).chain(unread));
    for operator in &parts.operators {
        check_name(desk, operator, &recipients, "person or channel");
    }
    for sheet in sheets {
        for connection in &sheet.connections {
            check_name(desk, connection, &connections, "connection");
        }
        check_requests(desk, parts, sheet);
        check_pushed(desk, parts, sheet);
        for recipient in &sheet.recipients {
            check_name(desk, recipient, &recipients, "person or channel");
            if sheet.scorecard.private && parts.channels.contains_key(&recipient.id) {
                let message = format!(
                    "`{}` is private, and `{}` is a channel: name the person and their manager",
                    sheet.scorecard.id, recipient.id
                );
                desk.problems.push(Problem::error(recipient.place, message));
            }
        }
        for owner in sheet.owners.iter().filter(|_| has_people) {
            check_name(desk, owner, &people, "person");
        }
    }
}

/// Questions that their connection cannot be asked.
fn check_requests(desk: &mut Desk, parts: &DaemonParts, sheet: &ScorecardParts) {
    let mut tried: HashSet<(&Id, &str)> = HashSet::new();
    for Collection { kpi, source, .. } in &sheet.collections {
        let connection = parts.connections.get(&source.from);
        if let (Some(Connection::Command(commands)), Request::Command(run)) =
            (connection, &source.request)
            && tried.insert((&source.from, &run.program))
            && let Some(why) = commands.hindrance(run)
        {
            let place = sheet.places.get(&kpi.kpi).copied().unwrap_or(sheet.place);
            let warning = format!("the command of `{kpi}` cannot be run here: {why}");
            desk.problems.push(Problem::warning(place, warning));
        }
        let Some(connection) = connection.filter(|known| !known.takes(&source.request)) else {
            continue;
        };
        let place = sheet.places.get(&kpi.kpi).copied().unwrap_or(sheet.place);
        let message = format!(
            "the source of `{kpi}` is {}, but its connection `{}` is {}",
            source.request.noun(),
            source.from,
            connection.noun()
        );
        desk.problems.push(Problem::error(place, message));
    }
}

/// KPIs that are pushed over a connection that is asked instead.
fn check_pushed(desk: &mut Desk, parts: &DaemonParts, sheet: &ScorecardParts) {
    for PushedKpi { kpi, from, .. } in &sheet.pushed {
        let Some(connection) = parts.connections.get(from).filter(|held| held.door().is_none())
        else {
            continue;
        };
        let place = sheet.places.get(&kpi.kpi).copied().unwrap_or(sheet.place);
        let noun = connection.noun();
        let message = format!("`{kpi}` is pushed, but its connection `{from}` is {noun}");
        desk.problems.push(Problem::error(place, message));
    }
}

fn check_name(desk: &mut Desk, mention: &Mention, known: &HashSet<String>, what: &str) {
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
    desk.problems.push(Problem::error(place, format!("there is no {what} `{name}`")).hint(hint));
}

/// A scorecard, and where it and its nodes stand.
struct Placed {
    scorecard: Scorecard,
    place: Place,
    places: HashMap<Id, Place>,
    objectives: HashMap<Id, Place>,
}

fn taken_apart(
    desk: &mut Desk,
    sheets: Vec<ScorecardParts>,
) -> (Vec<Placed>, Vec<Collection>, Vec<PushedKpi>) {
    // What could not be read would be missed by every lint.
    let is_good = desk.is_good();
    let mut scorecards = Vec::new();
    let (mut collections, mut pushed) = (Vec::new(), Vec::new());
    for sheet in sheets {
        let mut sheet = sheet;
        collections.append(&mut sheet.collections);
        pushed.append(&mut sheet.pushed);
        if is_good {
            lint::scorecard(&mut desk.problems, &sheet.scorecard, &sheet.places, sheet.place);
        }
        let ScorecardParts { scorecard, place, places, objectives, .. } = sheet;
        scorecards.push(Placed { scorecard, place, places, objectives });
    }
    (scorecards, collections, pushed)
}

/// Where every node stands.
fn places(scorecards: &[Placed]) -> HashMap<Scope, Place> {
    let mut found = HashMap::new();
    for Placed { scorecard, place, places, objectives } in scorecards {
        let id = &scorecard.id;
        let at = |places: &HashMap<Id, Place>, id: &Id| places.get(id).copied().unwrap_or(*place);
        found.insert(Scope::Scorecard(id.clone()), *place);
        for view in &scorecard.perspectives {
            let scope = Scope::Perspective(id.clone(), view.id.clone());
            found.insert(scope, at(places, &view.id));
            for objective in &view.objectives {
                let scope = Scope::Objective(id.clone(), view.id.clone(), objective.id.clone());
                found.insert(scope, at(objectives, &objective.id));
            }
        }
        let kpis = scorecard.kpis();
        found.extend(kpis.map(|kpi| (Scope::Kpi(scorecard.named(kpi)), at(places, &kpi.id))));
    }
    found
}

/// The portfolio, with what is wrong with links told at the node that links.
fn portfolio(desk: &mut Desk, scorecards: Vec<Placed>) -> Option<Portfolio> {
    // Of two scorecards with one id, the later one is told.
    let mut nodes: HashMap<String, Place> = HashMap::new();
    for Placed { scorecard, place, places, .. } in &scorecards {
        nodes.insert(scorecard.id.to_string(), *place);
        nodes.extend(places.iter().map(|(id, place)| (format!("{}/{id}", scorecard.id), *place)));
    }
    let at = |node: &str| {
        let parent = node.split('/').next().unwrap_or(node);
        nodes.get(node).or_else(|| nodes.get(parent)).copied().unwrap_or_default()
    };
    match Portfolio::new(scorecards.into_iter().map(|placed| placed.scorecard).collect()) {
        Ok(portfolio) => {
            for (objective, kpi) in portfolio.counted_twice() {
                let message = format!("`{kpi}` counts twice in the objective `{objective}`");
                let hint = "it comes over two links; make one of them `aligned`";
                desk.problems.push(Problem::warning(at(&kpi.to_string()), message).hint(hint));
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
                desk.problems.push(match error {
                    LinkError::Unlike { hint, .. } => problem.hint(hint),
                    _ => problem,
                });
            }
            None
        }
    }
}

/// Names a configuration by the texts of its files.
pub(crate) fn digest(files: &Files) -> String {
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
