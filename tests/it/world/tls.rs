//! An HTTPS server with certificates of an authority of its own.

use std::{
    fs,
    io::{Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
    thread,
};

use rustls::{
    RootCertStore, ServerConfig, ServerConnection, StreamOwned,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    server::WebPkiClientVerifier,
};
use tempfile::TempDir;

use super::process;

/// Certificates that servers signed themselves, marked as authorities as OpenSSL does: good ones, one
/// for another host and one long past. An authority; certificates of it for 127.0.0.1, for another host, and for a time long past; one
/// of a client, in one file with its key; and an authority nobody asked for.
const CERTIFICATES: &str = "
new='-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes'
for authority in ca other-ca; do
    openssl req -x509 $new -keyout $authority.key -out $authority.pem -days 2 -subj /CN=$authority
done
cat > settings <<END
[ca]
default_ca = own
[own]
database = index
serial = serial
new_certs_dir = .
default_md = sha256
policy = names
[names]
commonName = supplied
END
touch index; echo 'unique_subject = no' > index.attr; echo 01 > serial
from=$(date -u -d '-1 day' +%Y%m%d%H%M%SZ); to=$(date -u -d '+1 day' +%Y%m%d%H%M%SZ)
certify() {
    openssl req $new -keyout $1.key -out $1.csr -subj /CN=$1
    echo subjectAltName=$2 > $1.names
    openssl ca -batch -notext -config settings -cert ca.pem -keyfile ca.key -extfile $1.names \
        -startdate $3 -enddate $4 -in $1.csr -out $1.crt
}
certify good IP:127.0.0.1 $from $to
certify stranger DNS:elsewhere.example $from $to
certify expired IP:127.0.0.1 20200101000000Z 20210101000000Z
certify client DNS:client $from $to
for own in own-good own-other; do
    openssl req -x509 $new -keyout $own.key -out $own.crt -days 2 -subj /CN=$own \
        -addext subjectAltName=IP:127.0.0.1
done
openssl req -x509 $new -keyout own-stranger.key -out own-stranger.crt -days 2 -subj /CN=own \
    -addext subjectAltName=DNS:elsewhere.example
openssl req $new -keyout own-expired.key -out own-expired.csr -subj /CN=own
printf 'subjectAltName=IP:127.0.0.1\nbasicConstraints=critical,CA:TRUE\n' > own-expired.names
openssl ca -batch -notext -config settings -selfsign -keyfile own-expired.key \
    -extfile own-expired.names -startdate 20200101000000Z -enddate 20210101000000Z \
    -in own-expired.csr -out own-expired.crt
cat client.crt client.key > client.pem
";

/// What every request is answered with.
const ANSWER: &str = r#"{"v": 41.5}"#;

/// Certificates in a folder.
#[derive(Debug)]
pub(crate) struct Certificates {
    folder: TempDir,
}

impl Certificates {
    /// Makes them.
    pub(crate) fn make() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut openssl = Command::new("sh");
        openssl.args(["-ec", CERTIFICATES]).current_dir(folder.path());
        process::run(openssl);
        Self { folder }
    }

    /// Where a file of them is.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a file of them holds.
    pub(crate) fn pem(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).unwrap()
    }

    /// A server that shows this certificate, and may want one of its clients.
    pub(crate) fn serve(&self, name: &str, wants_clients: bool) -> SocketAddr {
        let builder =
            ServerConfig::builder_with_provider(rustls::crypto::ring::default_provider().into())
                .with_safe_default_protocol_versions()
                .unwrap();
        let builder = if wants_clients {
            let mut roots = RootCertStore::empty();
            roots.add(certificate(&self.path("ca.pem"))).unwrap();
            let provider = Arc::new(rustls::crypto::ring::default_provider());
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        } else {
            builder.with_no_client_auth()
        };
        let key = PrivateKeyDer::from_pem_file(self.path(&format!("{name}.key"))).unwrap();
        let shown = vec![certificate(&self.path(&format!("{name}.crt")))];
        let config = Arc::new(builder.with_single_cert(shown, key).unwrap());
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let config = Arc::clone(&config);
                thread::spawn(move || answer(stream, config));
            }
        });
        address
    }
}

fn certificate(path: &Path) -> CertificateDer<'static> {
    CertificateDer::from_pem_file(path).unwrap()
}

/// Answers one request; a client that does not like us is gone before.
fn answer(stream: TcpStream, config: Arc<ServerConfig>) -> std::io::Result<()> {
    let connection = ServerConnection::new(config).map_err(std::io::Error::other)?;
    let mut stream = StreamOwned::new(connection, stream);
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let length = ANSWER.len();
    write!(
        stream,
        "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{ANSWER}"
    )?;
    stream.conn.send_close_notify();
    stream.flush()
}
