//! A browser, as far as logins need one: it keeps cookies by host, follows redirects, and says where a form
//! comes from. kpid is behind a proxy with TLS to it.

use std::{collections::BTreeMap, net::SocketAddr};

use reqwest::{Client, Response, header, redirect::Policy};
use url::Url;

/// Where people reach kpid.
pub(crate) const PUBLIC: &str = "https://kpi.acme.example";

/// More redirects go round in circles.
const REDIRECTS_MAX: usize = 10;

/// A browser.
#[derive(Clone, Debug)]
pub(crate) struct Browser {
    pub(crate) kpid: SocketAddr,
    client: Client,
    /// By host, path and name.
    cookies: BTreeMap<(String, String, String), String>,
    /// Where it has been, since it was last told to go anywhere.
    pub(crate) way: Vec<Url>,
    /// What the proxy adds.
    forwarded_for: Option<&'static str>,
}

/// A page.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) status: u16,
    pub(crate) headers: header::HeaderMap,
    pub(crate) text: String,
    pub(crate) at: Url,
}

impl Browser {
    pub(crate) fn of(kpid: SocketAddr) -> Self {
        drop(rustls::crypto::ring::default_provider().install_default());
        let client = Client::builder().redirect(Policy::none()).build().unwrap();
        Self { kpid, client, cookies: BTreeMap::new(), way: Vec::new(), forwarded_for: None }
    }

    /// Comes from elsewhere, as the proxy says.
    pub(crate) fn from(mut self, address: &'static str) -> Self {
        self.forwarded_for = Some(address);
        self
    }

    /// The cookie of kpid by its name.
    pub(crate) fn cookie(&self, name: &str) -> Option<&str> {
        self.cookies_like(name).find(|(held, _)| *held == name).map(|(_, value)| value)
    }

    /// The cookies of kpid whose name begins so.
    pub(crate) fn cookies_like(&self, prefix: &str) -> impl Iterator<Item = (&str, &str)> {
        let own = self.cookies.iter().filter(|((host, ..), _)| host == "kpi.acme.example");
        let own = own.map(|((.., name), value)| (name.as_str(), value.as_str()));
        own.filter(move |(name, _)| name.starts_with(prefix))
    }

    /// Plants a cookie of kpid.
    pub(crate) fn plant(&mut self, name: &str, value: &str) {
        let key = ("kpi.acme.example".to_owned(), "/".to_owned(), name.to_owned());
        self.cookies.insert(key, value.to_owned());
    }

    /// Goes to a page of kpid, and wherever that leads.
    pub(crate) async fn go(&mut self, path: &str) -> Page {
        self.follow(&format!("{PUBLIC}{path}")).await
    }

    /// Goes anywhere, and wherever that leads.
    pub(crate) async fn follow(&mut self, to: &str) -> Page {
        self.way.clear();
        let mut to = Url::parse(to).unwrap();
        for _ in 0..REDIRECTS_MAX {
            let page = self.get(&to).await;
            let Some(next) = page.headers.get(header::LOCATION) else { return page };
            to = to.join(next.to_str().unwrap()).unwrap();
        }
        panic!("redirected too often: {:?}", self.way);
    }

    /// Logs in at the provider's page, where it has been sent to.
    pub(crate) async fn log_in(&mut self, at: &Page, login: &str) -> Page {
        assert_eq!(at.text, "Who are you?", "{at:?}");
        self.follow(&format!("{}?login={login}", at.at)).await
    }

    /// One page, without going where it leads.
    pub(crate) async fn get(&mut self, to: &Url) -> Page {
        self.way.push(to.clone());
        let request =
            self.client.get(self.reached(to)).header(header::ACCEPT, "text/html,*/*;q=0.8");
        let answer = self.with_cookies(request, to).send().await.unwrap();
        self.keep(answer, to).await
    }

    /// Sends a form of a page of kpid's.
    pub(crate) async fn post(&mut self, path: &str, form: &[(&str, &str)]) -> Page {
        self.post_from(path, form, Some(PUBLIC)).await
    }

    /// Sends a form that a page from somewhere has.
    pub(crate) async fn post_from(
        &mut self,
        path: &str,
        form: &[(&str, &str)],
        origin: Option<&str>,
    ) -> Page {
        let to = Url::parse(&format!("{PUBLIC}{path}")).unwrap();
        let request = self.client.post(self.reached(&to)).header(header::ACCEPT, "text/html");
        let request = origin.into_iter().fold(request, |request, it| request.header("origin", it));
        let answer = self.with_cookies(request, &to).form(form).send().await.unwrap();
        self.keep(answer, &to).await
    }

    /// Through the proxy, where it is kpid.
    fn reached(&self, to: &Url) -> Url {
        if !to.as_str().starts_with(PUBLIC) {
            return to.clone();
        }
        let path = &to[url::Position::BeforePath..];
        Url::parse(&format!("http://{}{path}", self.kpid)).unwrap()
    }

    fn with_cookies(&self, request: reqwest::RequestBuilder, to: &Url) -> reqwest::RequestBuilder {
        let host = host(to);
        let is_sent = |of: &str, path: &str| of == host && to.path().starts_with(path);
        let own = self.cookies.iter().filter(|((of, path, _), _)| is_sent(of, path));
        let own: Vec<String> = own.map(|((.., name), value)| format!("{name}={value}")).collect();
        let mut request = request;
        if !own.is_empty() {
            request = request.header(header::COOKIE, own.join("; "));
        }
        if let (Some(address), true) = (self.forwarded_for, to.as_str().starts_with(PUBLIC)) {
            request = request.header("x-forwarded-for", address);
        }
        request.header(header::HOST, host)
    }

    async fn keep(&mut self, answer: Response, from: &Url) -> Page {
        for cookie in answer.headers().get_all(header::SET_COOKIE) {
            let (pair, attributes) = cookie.to_str().unwrap().split_once(';').unwrap();
            let (name, value) = pair.split_once('=').unwrap();
            let mut attributes_of =
                attributes.split(';').filter_map(|it| it.trim().split_once('='));
            let path = attributes_of.find(|(name, _)| name.eq_ignore_ascii_case("path"));
            let path = path.map_or("/", |(_, path)| path);
            let key = (host(from), path.to_owned(), name.to_owned());
            let is_gone = attributes.contains("Max-Age=0") || attributes.contains("01 Jan 1970");
            match is_gone {
                true => drop(self.cookies.remove(&key)),
                false => drop(self.cookies.insert(key, value.to_owned())),
            }
        }
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        Page { status, headers, text: answer.text().await.unwrap(), at: from.clone() }
    }
}

fn host(of: &Url) -> String {
    let port = of.port().map(|port| format!(":{port}")).unwrap_or_default();
    format!("{}{port}", of.host_str().unwrap())
}
