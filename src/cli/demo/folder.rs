//! The demo's folder: configuration, scorecards and secrets, as files that a reader may change.

use std::{
    fs,
    io::{self, Write},
    net::SocketAddr,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use anyhow::Context;
use chrono::{DateTime, Utc};

use crate::cli::{
    demo::{
        apis::HELPDESK_TOKEN,
        hook::{self, Received},
        mark::Mark,
    },
    failure::Failure,
};
use kpid_os_error::InWords;
use kpid_store::InstanceLock;

/// The address that the files as shipped name; the demo's own is put in its place.
const ADDRESS_AS_SHIPPED: &str = "127.0.0.1:8430";

/// Where the page is, as shipped.
const PAGE_AS_SHIPPED: &str = "127.0.0.1:8431";

/// The store, as `kpid.yaml` has it.
const STORE: &str = "kpid.db";

/// So many changed files are named.
const LISTED_MAX: usize = 5;

/// The files, as shipped in `config/calder/`.
const FILES: [(&str, &str); 7] = [
    ("kpid.yaml", include_str!("../../../config/calder/kpid.yaml")),
    ("scorecards/calder.yaml", include_str!("../../../config/calder/scorecards/calder.yaml")),
    (
        "scorecards/operations.yaml",
        include_str!("../../../config/calder/scorecards/operations.yaml"),
    ),
    (
        "scorecards/customer-care.yaml",
        include_str!("../../../config/calder/scorecards/customer-care.yaml"),
    ),
    (
        "scorecards/care-tier-1.yaml",
        include_str!("../../../config/calder/scorecards/care-tier-1.yaml"),
    ),
    (
        "scenarios/carrier-switch.yaml",
        include_str!("../../../config/calder/scenarios/carrier-switch.yaml"),
    ),
    ("scorecards/sanne.yaml", include_str!("../../../config/calder/scorecards/sanne.yaml")),
];

/// The folder of one demo.
#[derive(Clone, Debug)]
pub(crate) struct Folder(PathBuf);

impl Folder {
    /// Makes the folder anew. Refuses one that has files of anything but an earlier demo, and one in
    /// which a reader changed something, unless that may go.
    pub(crate) async fn create(
        path: &Path,
        server: SocketAddr,
        page: SocketAddr,
        may_go: impl FnOnce(&[PathBuf]) -> bool,
    ) -> Result<Self, Failure> {
        clear(path, may_go).await?;
        let folder = Self(path.to_owned());
        let write = |name: &Path, text: &str| {
            let file = folder.0.join(name);
            if let Some(parent) = file.parent() {
                fs::create_dir_all(parent)?;
            }
            fs::write(&file, text)
        };
        let texts = FILES.map(|(name, text)| {
            let text = text.replace(ADDRESS_AS_SHIPPED, &server.to_string());
            (PathBuf::from(name), text.replace(PAGE_AS_SHIPPED, &page.to_string()))
        });
        let written = || -> io::Result<()> {
            fs::create_dir_all(path)?;
            Mark::new(texts.clone()).write(path)?;
            for (name, text) in &texts {
                write(name, text)?;
            }
            fs::create_dir_all(folder.0.join("secrets"))?;
            write_secret(&folder.0.join("secrets/helpdesk.token"), HELPDESK_TOKEN)?;
            write_secret(&folder.0.join("secrets/webhook.key"), hook::SECRET)?;
            fs::create_dir_all(folder.systems())?;
            fs::create_dir_all(folder.webhooks())?;
            fs::create_dir_all(folder.mails())
        };
        written().in_words().with_context(|| format!("cannot write to {}", path.display()))?;
        Ok(folder)
    }

    /// Tells the commands that are run in the folder what the demo's clock shows: from now on, or,
    /// when it has stopped, as long as the folder is kept.
    pub(crate) fn set_clock(&self, shows: DateTime<Utc>, runs: bool) -> anyhow::Result<()> {
        let mut mark = Mark::read(&self.0).unwrap_or_default();
        mark.set_clock(shows, runs);
        let written = mark.write(&self.0);
        written.in_words().with_context(|| format!("cannot write to {}", self.0.display()))
    }

    /// The folder itself.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// The configuration file.
    pub(crate) fn config(&self) -> PathBuf {
        self.0.join("kpid.yaml")
    }

    /// Where the databases of the company's systems are.
    pub(crate) fn systems(&self) -> PathBuf {
        self.0.join("systems")
    }

    /// Where mails arrive.
    pub(crate) fn mails(&self) -> PathBuf {
        self.0.join("mail")
    }

    /// Where the bodies of webhooks are kept.
    pub(crate) fn webhooks(&self) -> PathBuf {
        self.0.join("webhooks")
    }

    /// Keeps the body of a webhook, and says where.
    pub(crate) fn keep(&self, received: &Received) -> anyhow::Result<PathBuf> {
        let file = self.webhooks().join(format!("{}.json", received.id));
        let kept = fs::write(&file, &received.body);
        kept.in_words().with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}

/// Writes what nobody else may read: `kpid doctor` calls a secret that others can read wrong.
fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())
}

/// Leaves nothing in the folder but the mark, which stays until the end lest half a folder is
/// taken for somebody else's.
async fn clear(path: &Path, may_go: impl FnOnce(&[PathBuf]) -> bool) -> Result<(), Failure> {
    let failure = || format!("cannot empty {}", path.display());
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries
            .and_then(Iterator::collect::<io::Result<Vec<_>>>)
            .in_words()
            .with_context(failure)?,
    };
    if entries.is_empty() {
        return Ok(());
    }
    let shown = path.display();
    let Some(mark) = Mark::read(path) else {
        let failure = Failure::new(format!("{shown} has files that are not of an earlier demo"));
        return Err(failure.hint("name another folder, as in `kpid demo ANOTHER`"));
    };
    // A demo that still runs keeps its folder.
    let _lock = InstanceLock::take(&path.join(STORE)).await?;
    let changed = mark.changed(path).in_words().with_context(failure)?;
    if !changed.is_empty() && !may_go(&changed) {
        let failure = Failure::new(format!("in {shown} you wrote or changed {}", listed(&changed)));
        return Err(failure.hint(
            "name another folder, as in `kpid demo ANOTHER`; `--fresh` begins anew in this one and \
             removes them",
        ));
    }
    for entry in entries.iter().filter(|entry| !Mark::is(&entry.file_name())) {
        let is_folder = entry.file_type().in_words().with_context(failure)?.is_dir();
        let remove = if is_folder { fs::remove_dir_all } else { fs::remove_file };
        remove(entry.path()).in_words().with_context(failure)?;
    }
    Ok(())
}

/// The first few files, and how many more there are.
pub(crate) fn listed(files: &[PathBuf]) -> String {
    let names: Vec<String> =
        files.iter().take(LISTED_MAX).map(|file| file.display().to_string()).collect();
    match files.len().saturating_sub(LISTED_MAX) {
        0 => names.join(", "),
        more => format!("{} and {more} more", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;
    use kpid_config::{load::load, secret::Secrets};

    const SERVER: ([u8; 4], u16) = ([127, 0, 0, 1], 4711);
    const PAGE: ([u8; 4], u16) = ([127, 0, 0, 1], 4712);

    #[tokio::test]
    async fn a_folder_is_made_and_made_again() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("kpid-demo");
        for _ in 0..2 {
            let folder =
                Folder::create(&path, SERVER.into(), PAGE.into(), |_| false).await.unwrap();
            let config = fs::read_to_string(folder.config()).unwrap();
            assert!(config.contains("http://127.0.0.1:4711/survey/"), "{config}");
            assert!(!config.contains(ADDRESS_AS_SHIPPED));
            assert!(config.contains("public_url: http://127.0.0.1:4712/"), "{config}");
            assert!(folder.systems().is_dir() && folder.mails().is_dir());
            for secret in fs::read_dir(path.join("secrets")).unwrap() {
                let mode = secret.unwrap().metadata().unwrap().permissions().mode();
                assert_eq!(mode & 0o777, 0o600);
            }
            fs::write(path.join("kpid.db"), "of the demo before").unwrap();
        }
    }

    #[tokio::test]
    async fn the_files_are_good_without_a_warning() {
        let parent = tempfile::tempdir().unwrap();
        let folder =
            Folder::create(&parent.path().join("kpid-demo"), SERVER.into(), PAGE.into(), |_| false)
                .await
                .unwrap();
        let (setup, problems) = load(&folder.config(), Secrets::Needed).unwrap();
        assert!(problems.found.is_empty(), "{problems}");
        let families = setup.portfolio.families();
        let mut families: Vec<Vec<&str>> =
            families.iter().map(|family| family.iter().map(|id| id.as_str()).collect()).collect();
        families.iter_mut().for_each(|family| family.sort_unstable());
        families.sort();
        let kin = vec!["calder", "care-tier-1", "customer-care", "operations"];
        assert_eq!(families, [kin, vec!["sanne"]]);
    }

    #[tokio::test]
    async fn a_demo_that_runs_keeps_its_folder() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("kpid-demo");
        let folder = Folder::create(&path, SERVER.into(), PAGE.into(), |_| false).await.unwrap();
        let running = InstanceLock::take(&path.join(STORE)).await.unwrap();
        let refused =
            Folder::create(&path, SERVER.into(), PAGE.into(), |_| false).await.unwrap_err();
        assert!(refused.text().contains("in use by another kpid"), "{}", refused.text());
        assert!(folder.config().exists());
        drop(running);
        assert!(Folder::create(&path, SERVER.into(), PAGE.into(), |_| false).await.is_ok());
    }

    #[tokio::test]
    async fn somebody_elses_folder_is_refused_and_left_alone() {
        let theirs = tempfile::tempdir().unwrap();
        fs::write(theirs.path().join("thesis.txt"), "ten years of work").unwrap();
        let refused =
            Folder::create(theirs.path(), SERVER.into(), PAGE.into(), |_| false).await.unwrap_err();
        assert!(refused.text().contains("name another folder"), "{}", refused.text());
        assert!(theirs.path().join("thesis.txt").exists());
        assert_eq!(fs::read_dir(theirs.path()).unwrap().count(), 1);
    }

    #[tokio::test]
    async fn what_a_reader_changed_goes_only_when_it_may() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("kpid-demo");
        let make = async |may_go: bool| {
            Folder::create(&path, SERVER.into(), PAGE.into(), |_: &[PathBuf]| may_go).await
        };
        let folder = make(false).await.unwrap();
        fs::write(path.join("systems/books.db"), "made on the way").unwrap();
        let mut config = fs::read_to_string(folder.config()).unwrap();
        config.push_str("# mine\n");
        fs::write(folder.config(), &config).unwrap();
        fs::write(path.join("scorecards/mine.yaml"), "scorecard: mine").unwrap();
        let refused = make(false).await.unwrap_err().text();
        assert!(
            refused.contains("you wrote or changed kpid.yaml, scorecards/mine.yaml\n"),
            "{refused}"
        );
        assert!(refused.contains("--fresh"), "{refused}");
        assert_eq!(fs::read_to_string(folder.config()).unwrap(), config, "nothing is lost");
        make(true).await.unwrap();
        assert!(!path.join("scorecards/mine.yaml").exists());
        make(false).await.unwrap();
    }

    #[tokio::test]
    async fn commands_in_the_folder_know_the_clock_of_the_demo() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("kpid-demo");
        let folder = Folder::create(&path, SERVER.into(), PAGE.into(), |_| false).await.unwrap();
        let june = "2026-06-03T04:00:00Z".parse::<DateTime<Utc>>().unwrap();
        assert_eq!(Mark::read(&path).unwrap().now(), None, "before it began");
        folder.set_clock(june, true).unwrap();
        let shown = Mark::read(&path).unwrap().now().unwrap();
        assert!(shown >= june && shown - june < chrono::TimeDelta::hours(1), "{shown}");
        folder.set_clock(june, false).unwrap();
        assert_eq!(Mark::read(&path).unwrap().now(), Some(june), "it stands");
        assert!(Mark::read(&path).unwrap().changed(&path).unwrap().is_empty());
    }
}
