//! A NATS that lets nobody in without credentials, and that proves who it is by an authority of its own.

use std::{
    fs,
    path::{Path, PathBuf},
};

use jobboard::work::Engine;
use nkeys::KeyPair;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa};
use serde_json::{Value, json};

use crate::{
    nats::{Mate, Nats, of_fleet, of_worker},
    operate::{beside, output},
    process::Ground,
    world::World,
};

/// What an operator hands out: the server's side, and a folder with `ca.pem` and `user.creds`.
struct Operator {
    folder: tempfile::TempDir,
    settings: String,
}

impl Operator {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (operator, account) = (KeyPair::new_operator(), KeyPair::new_account());
        let system = KeyPair::new_account();
        let all = json!({
            "subs": -1, "data": -1, "payload": -1, "imports": -1, "exports": -1, "wildcards": true, "conn": -1,
            "leaf": -1, "mem_storage": -1, "disk_storage": -1, "streams": -1, "consumer": -1,
        });
        let of_operator = token(&operator, &operator, &json!({"type": "operator", "version": 2}));
        let of_account = token(&operator, &account, &json!({"type": "account", "version": 2, "limits": all}));
        let of_system =
            token(&operator, &system, &json!({"type": "account", "version": 2, "limits": {"conn": -1}}));
        write_creds(&folder.path().join("user.creds"), &account);
        certificates(folder.path());
        let settings = format!(
            "operator: {of_operator}\nsystem_account: {system}\nresolver: MEMORY\n\
             resolver_preload: {{ {}: {of_account}, {system}: {of_system} }}\n\
             tls {{ cert_file: \"{path}/server.pem\", key_file: \"{path}/server-key.pem\" }}\n",
            account.public_key(),
            system = system.public_key(),
            path = folder.path().display(),
        );
        Self { folder, settings }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn server(&self) -> Option<Nats> {
        Nats::start_with(|port, folder| {
            let place = format!(
                "listen: \"127.0.0.1:{port}\"\njetstream {{ store_dir: \"{}\" }}\n",
                folder.display()
            );
            Some(place + &self.settings)
        })
    }
}

/// A user of the account, with what proves it.
fn write_creds(file: &Path, account: &KeyPair) {
    let user = KeyPair::new_user();
    let claims = json!({"type": "user", "version": 2, "subs": -1, "data": -1, "payload": -1});
    let (token, seed) = (token(account, &user, &claims), user.seed().unwrap());
    let text = format!(
        "-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n\
         -----BEGIN USER NKEY SEED-----\n{seed}\n------END USER NKEY SEED------\n"
    );
    fs::write(file, text).unwrap();
}

/// What `issuer` says of `subject`, signed: <https://docs.nats.io/running-a-nats-service/configuration/securing_nats/auth_intro/jwt>.
fn token(issuer: &KeyPair, subject: &KeyPair, claims: &Value) -> String {
    let head = json!({"typ": "JWT", "alg": "ed25519-nkey"});
    let body = json!({
        "jti": "a-test", "iat": 1_700_000_000, "iss": issuer.public_key(), "sub": subject.public_key(), "name": "a-test",
        "nats": claims,
    });
    let signed = format!("{}.{}", base64(head.to_string().as_bytes()), base64(body.to_string().as_bytes()));
    let signature = base64(&issuer.sign(signed.as_bytes()).unwrap());
    format!("{signed}.{signature}")
}

/// For addresses, without padding.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0_u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for digit in 0..=chunk.len() {
            text.push(char::from(DIGITS[(bits >> (18 - 6 * digit) & 63) as usize]));
        }
    }
    text
}

/// `server.pem` with its key, and `ca.pem`, which vouches for it.
fn certificates(folder: &Path) {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, rcgen::KeyPair::generate().unwrap()).unwrap();
    let key = rcgen::KeyPair::generate().unwrap();
    let server =
        CertificateParams::new(vec!["127.0.0.1".to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
    fs::write(folder.join("ca.pem"), authority.pem()).unwrap();
    fs::write(folder.join("server.pem"), server.pem()).unwrap();
    fs::write(folder.join("server-key.pem"), key.serialize_pem()).unwrap();
}

#[tokio::test]
async fn bot_and_worker_show_their_credentials_and_trust_the_authority() {
    let operator = Operator::new();
    let Some(nats) = operator.server() else { return };
    let tls = nats.url().replace("nats://", "tls://");
    let secure = |config: &mut jobboard::config::Config| {
        config.machines.nats_creds = Some(operator.file("user.creds"));
        config.machines.nats_ca = Some(operator.file("ca.pem"));
    };
    let world = World::with(|setup| {
        of_fleet(&mut setup.config, &tls);
        secure(&mut setup.config);
    })
    .await;
    let mut config = of_worker(&tls, 1);
    secure(&mut config);
    let mate = Mate::start(config, Engine::new());
    world.person("Ann").runs("fib 5000", "The 5000th fibonacci number is ").await;
    mate.stop().await;
    world.stop().await;
}

#[tokio::test]
async fn check_says_when_nats_lets_nobody_in() {
    let operator = Operator::new();
    let Some(nats) = operator.server() else { return };
    let mut ground = Ground::new().await;
    ground.set("JOBBOARD_ROLE", "bot");
    ground.set("JOBBOARD_NATS_URL", &nats.url().replace("nats://", "tls://"));
    let check = async |ground: &Ground| {
        let (status, told, _) = output(beside(ground, &["check"])).await;
        (status, told.lines().filter(|line| line.contains(" NATS: ")).collect::<String>())
    };
    let file = |name: &str| operator.file(name).display().to_string();
    ground.set("JOBBOARD_NATS_CREDS", &file("user.creds"));
    ground.set("JOBBOARD_NATS_CA", &file("ca.pem"));
    let (status, line) = check(&ground).await;
    assert!(status == Some(0) && line.starts_with("ok       NATS: tls://127.0.0.1:"), "{line}");
    // Of somebody else's account.
    write_creds(&operator.file("other.creds"), &KeyPair::new_account());
    ground.set("JOBBOARD_NATS_CREDS", &file("other.creds"));
    let (status, line) = check(&ground).await;
    assert!(status == Some(1) && line.starts_with("wrong    NATS: tls://"), "{line}");
    // Nobody vouches for the server.
    ground.set("JOBBOARD_NATS_CREDS", &file("user.creds"));
    ground.set("JOBBOARD_NATS_CA", "");
    let (status, line) = check(&ground).await;
    assert!(status == Some(1) && line.starts_with("wrong    NATS: tls://"), "{line}");
}
