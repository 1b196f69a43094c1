//! What is believed of an ID token, and what is not.

use base64::prelude::BASE64_STANDARD;
use hmac::{Hmac, KeyInit, Mac};
use ring::{
    rand::SystemRandom,
    rsa::PublicKeyComponents,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair, RSA_PKCS1_SHA256, RSA_PSS_SHA256,
        RsaEncoding, RsaKeyPair,
    },
};
use serde_json::json;
use sha2::Sha256;

use super::*;

/// A key for tests, made by `openssl genpkey`.
const RSA: &str = include_str!("../../../../tests/data/login/rsa.pk8.base64");

const ISSUER: &str = "https://login.calder.example";

/// 2026-06-03T06:00:00Z
const NOW: i64 = 1_780_466_400;

struct Signer {
    rsa: RsaKeyPair,
    p256: EcdsaKeyPair,
    random: SystemRandom,
}

impl Signer {
    fn new() -> Self {
        let random = SystemRandom::new();
        let rsa = BASE64_STANDARD.decode(RSA.replace('\n', "")).unwrap();
        let algorithm = &ECDSA_P256_SHA256_FIXED_SIGNING;
        let p256 = EcdsaKeyPair::generate_pkcs8(algorithm, &random).unwrap();
        let p256 = EcdsaKeyPair::from_pkcs8(algorithm, p256.as_ref(), &random).unwrap();
        Self { rsa: RsaKeyPair::from_pkcs8(&rsa).unwrap(), p256, random }
    }

    fn public(&self) -> PublicKeyComponents<Vec<u8>> {
        self.rsa.public().into()
    }

    fn keys(&self) -> KeySet {
        let number = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
        let PublicKeyComponents { n, e } = self.public();
        let point = &self.p256.public_key().as_ref()[1..];
        let document = json!({ "keys": [
            { "kty": "RSA", "kid": "r", "use": "sig", "n": number(&n), "e": number(&e) },
            { "kty": "RSA", "kid": "encrypts", "use": "enc", "n": number(&n), "e": number(&e) },
            { "kty": "RSA", "kid": "only-pss", "alg": "PS256", "n": number(&n), "e": number(&e) },
            { "kty": "EC", "crv": "P-256", "kid": "e", "x": number(&point[..32]), "y": number(&point[32..]) },
            { "kty": "oct", "kid": "secret", "k": "AAAA" },
            { "kty": "OKP", "crv": "Ed25519", "kid": "o", "x": "AAAA" },
            "nonsense",
        ] });
        KeySet::parse(document).unwrap()
    }

    fn token(&self, header: &Value, claims: &Value) -> String {
        let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
        let signed = format!("{}.{}", part(header), part(claims));
        let rsa = |padding: &'static dyn RsaEncoding| {
            let mut signature = vec![0; self.rsa.public().modulus_len()];
            self.rsa.sign(padding, &self.random, signed.as_bytes(), &mut signature).unwrap();
            signature
        };
        let signature = match header["alg"].as_str().unwrap() {
            "RS256" => rsa(&RSA_PKCS1_SHA256),
            "PS256" => rsa(&RSA_PSS_SHA256),
            "ES256" => self.p256.sign(&self.random, signed.as_bytes()).unwrap().as_ref().to_vec(),
            "HS256" => {
                let mut mac = Hmac::<Sha256>::new_from_slice(&self.public().n).unwrap();
                mac.update(signed.as_bytes());
                mac.finalize().into_bytes().to_vec()
            }
            _ => Vec::new(),
        };
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

fn expected() -> Expected<'static> {
    let now = DateTime::from_timestamp(NOW, 0).unwrap();
    Expected { issuer: ISSUER, client_id: "kpid", nonce: "n", now }
}

fn claims() -> Value {
    json!({ "iss": ISSUER, "sub": "4711", "aud": "kpid", "nonce": "n", "iat": NOW - 5, "exp": NOW + 300,
            "email": "ines@calder.example" })
}

/// The claims with one of them otherwise, or gone.
fn but(name: &str, value: Value) -> Value {
    let mut claims = claims();
    match value {
        Value::Null => drop(claims.as_object_mut().unwrap().remove(name)),
        value => claims[name] = value,
    }
    claims
}

fn rs256() -> Value {
    json!({ "alg": "RS256", "kid": "r", "typ": "JWT" })
}

#[test]
fn a_token_of_the_provider_for_this_login_says_who_it_is() {
    let signer = Signer::new();
    let keys = signer.keys();
    for (header, claims) in [
        (rs256(), claims()),
        (json!({ "alg": "PS256", "kid": "r" }), claims()),
        (json!({ "alg": "PS256", "kid": "only-pss" }), claims()),
        (json!({ "alg": "ES256", "kid": "e" }), claims()),
        (json!({ "alg": "ES256" }), claims()),
        (rs256(), but("aud", json!(["kpid"]))),
        (rs256(), but("azp", json!("kpid"))),
        (rs256(), but("exp", json!(NOW - 59))),
        (rs256(), but("iat", json!(NOW + 60))),
        (rs256(), but("nbf", json!(NOW - 1))),
        (rs256(), but("exp", json!(NOW as f64 + 0.5))),
    ] {
        let read = read(&signer.token(&header, &claims), &keys, &expected());
        assert_eq!(read.unwrap().subject, "4711", "{header} {claims}");
    }
}

#[test]
fn what_anybody_could_have_signed_is_not_believed() {
    let signer = Signer::new();
    let keys = signer.keys();
    let algorithm = |name: &str| IdTokenError::Algorithm(name.to_owned());
    for (header, why) in [
        (json!({ "alg": "none" }), algorithm("none")),
        (json!({ "alg": "None", "kid": "r" }), algorithm("None")),
        (json!({ "alg": "HS256", "kid": "r" }), algorithm("HS256")),
        (json!({ "alg": "HS256", "kid": "secret" }), algorithm("HS256")),
        (json!({ "alg": "RS1", "kid": "r" }), algorithm("RS1")),
        (json!({ "alg": "RS256", "kid": "another" }), IdTokenError::UnknownKey),
        (json!({ "alg": "RS256", "kid": "e" }), IdTokenError::UnknownKey),
        (json!({ "alg": "RS256", "kid": "encrypts" }), IdTokenError::UnknownKey),
        (json!({ "alg": "RS256", "kid": "only-pss" }), IdTokenError::UnknownKey),
        (json!({ "alg": "RS256", "kid": "r", "typ": "at+jwt" }), IdTokenError::Malformed),
        (
            json!({ "alg": "RS256", "kid": "r", "crit": ["b64"] }),
            IdTokenError::Critical("[\"b64\"]".to_owned()),
        ),
    ] {
        let token = signer.token(&header, &claims());
        assert_eq!(read(&token, &keys, &expected()), Err(why), "{header}");
    }
    let stranger = Signer::new();
    let es256 = json!({ "alg": "ES256", "kid": "e" });
    let read = |token: &str| super::read(token, &keys, &expected());
    assert_eq!(read(&stranger.token(&es256, &claims())), Err(IdTokenError::Signature));
    let good = signer.token(&rs256(), &claims());
    let (signed, signature) = good.rsplit_once('.').unwrap();
    let (header, _) = signed.split_once('.').unwrap();
    let other = BASE64_URL_SAFE_NO_PAD.encode(but("sub", json!("1")).to_string());
    let other = format!("{header}.{other}.{signature}");
    assert_eq!(read(&other), Err(IdTokenError::Signature));
    assert_eq!(read(&format!("{signed}.")), Err(IdTokenError::Signature));
    for cut in [signed, header, "", "..", "a.b.c", &good[..good.len() - 3], &format!("{good}.x")] {
        assert!(read(cut).is_err(), "{cut}");
    }
    let long = format!("{signed}.{}", "A".repeat(TOKEN_BYTES_MAX));
    assert_eq!(read(&long), Err(IdTokenError::Malformed));
    assert_eq!(super::read(&good, &KeySet::default(), &expected()), Err(IdTokenError::UnknownKey));
}

#[test]
fn what_was_signed_for_something_else_is_not_believed() {
    let signer = Signer::new();
    let keys = signer.keys();
    let missing = IdTokenError::Missing;
    for (name, value, why) in [
        ("iss", json!("https://evil.example"), IdTokenError::Issuer("https://evil.example".into())),
        ("iss", json!(format!("{ISSUER}/")), IdTokenError::Issuer(format!("{ISSUER}/"))),
        ("iss", Value::Null, missing("iss")),
        ("aud", json!("grafana"), IdTokenError::Audience),
        ("aud", json!(["grafana", "kpid"]), IdTokenError::Audience),
        ("aud", json!([]), IdTokenError::Audience),
        ("aud", Value::Null, missing("aud")),
        ("azp", json!("grafana"), IdTokenError::Audience),
        ("azp", json!(7), IdTokenError::Audience),
        ("exp", json!(NOW - 60), IdTokenError::Expired(60)),
        ("exp", json!("soon"), missing("exp")),
        ("exp", Value::Null, missing("exp")),
        ("iat", json!(NOW + 61), IdTokenError::NotYet(61)),
        ("iat", Value::Null, missing("iat")),
        ("nbf", json!(NOW + 61), IdTokenError::NotYet(61)),
        ("nbf", json!("later"), missing("nbf")),
        ("nonce", json!("m"), IdTokenError::Nonce),
        ("nonce", json!("nn"), IdTokenError::Nonce),
        ("nonce", Value::Null, missing("nonce")),
        ("sub", json!(""), missing("sub")),
        ("sub", Value::Null, missing("sub")),
    ] {
        let token = signer.token(&rs256(), &but(name, value.clone()));
        assert_eq!(read(&token, &keys, &expected()), Err(why), "{name} {value}");
    }
    let several = json!({ "iss": ISSUER, "sub": "1", "aud": ["grafana", "kpid"], "azp": "kpid", "nonce": "n",
        "iat": NOW, "exp": NOW + 1 });
    assert!(read(&signer.token(&rs256(), &several), &keys, &expected()).is_ok());
}
