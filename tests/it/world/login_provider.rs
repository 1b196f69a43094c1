//! A login provider on this machine: `oidc-provider` from npm, which is certified by the OpenID Foundation.

use std::{fs, path::Path, process::Stdio};

use tempfile::TempDir;

use super::{
    process::{self, Process, Signal},
    until,
};

/// Where its program is.
const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/login");

/// A running provider. It knows `ines`, `tom` (whose address it has not verified), `eve` and `olga` (who has
/// none); `nobody` is let in nowhere.
#[derive(Debug)]
pub(crate) struct LoginProvider {
    port: u16,
    folder: TempDir,
    variables: Vec<(&'static str, &'static str)>,
    process: Option<Process>,
}

impl LoginProvider {
    /// Starts one, with variables that say how it behaves.
    pub(crate) async fn start(variables: &[(&'static str, &'static str)]) -> Self {
        assert!(
            Path::new(FOLDER).join("node_modules").exists(),
            "the login provider is not installed: npm ci --prefix tests/login --ignore-scripts"
        );
        let folder = tempfile::tempdir().unwrap();
        let mut provider = Self { port: 0, folder, variables: variables.to_vec(), process: None };
        provider.begin().await;
        provider
    }

    /// Starts it again at the same port, with other keys.
    pub(crate) async fn again(&mut self) {
        self.stop();
        self.begin().await;
    }

    /// It is there no more.
    pub(crate) fn stop(&mut self) {
        if let Some(process) = self.process.take() {
            process.end(Signal::Kill);
        }
    }

    async fn begin(&mut self) {
        let file = self.folder.path().join("port");
        let _ = fs::remove_file(&file);
        let mut command = process::command(Path::new("/usr/bin/node"), None, Signal::Kill);
        command.current_dir(FOLDER).arg("provider.mjs").arg(self.port.to_string()).arg(&file);
        let log = fs::File::create(self.folder.path().join("log")).unwrap();
        command.envs(self.variables.iter().copied()).stdout(Stdio::null()).stderr(log);
        self.process = Some(Process::start(command, Signal::Kill));
        let read = async || fs::read_to_string(&file).unwrap_or_default();
        self.port =
            until("the login provider", read, |port| !port.is_empty()).await.parse().unwrap();
    }

    /// What it calls itself.
    pub(crate) fn issuer(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// As keys of `web`, with more.
    pub(crate) fn yaml(&self, more: &str) -> String {
        format!(
            ", public_url: \"https://kpi.acme.example\", oidc: {{ issuer: \"{}\", client_id: kpid, \
             client_secret: \"a secret: with % and +\", scopes: [openid, email, groups]{more} }}",
            self.issuer()
        )
    }
}
