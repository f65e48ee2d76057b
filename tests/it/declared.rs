//! Commands that an operator declares, from the chat to the program and back.

mod at_once;
mod confirm;
mod crash;
mod limits;
mod long;
mod reload;
mod scheduled;
mod who_may;
mod words;
mod workers;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use jobboard::sandbox::PersonId;

use crate::world::{Setup, Speaker, World, config};

/// The bot's owner, who is the first person of each world here.
const OLGA: PersonId = PersonId(1_000_001);
/// Far longer than anything takes: only a failing test waits so long.
const BOUND: Duration = Duration::from_mins(1);

/// A folder with programs, and the file that declares them.
struct Yard {
    folder: tempfile::TempDir,
}

impl Yard {
    /// `hold NAME` begins, and ends when it is let; `hello NAME` says something at once; `fails` does.
    fn new() -> Self {
        let yard = Self { folder: tempfile::tempdir().unwrap() };
        yard.script("hello", r#"echo "hello $1""#);
        yard.script("fails", "echo 'it went wrong' >&2\nexit 3");
        let (log, gate) = (yard.path("log"), yard.path("gate"));
        let (log, gate) = (log.display(), gate.display());
        yard.script(
            "hold",
            &format!("echo \"$1\" >> {log}\nwhile [ ! -e {gate} ]; do sleep 0.02; done\necho \"held $1\""),
        );
        yard
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn file(&self) -> PathBuf {
        self.path("jobs.toml")
    }

    fn script(&self, name: &str, body: &str) {
        write_script(&self.path(name), body);
    }

    /// Declares these commands, each with what else is said of it: `deploy` runs `hold`.
    fn declare(&self, commands: &[(&str, &str, &str)]) {
        let table = |(name, program, more): &(&str, &str, &str)| {
            format!(
                "[jobs.{name}]\nhelp = \"It does something\"\nprogram = \"./{program}\"\nargs = [\"{{what}}\"]\n\
                 parameters = [{{ name = \"what\", type = \"word\", optional = true }}]\n{more}\n"
            )
        };
        let text = commands.iter().map(table).collect::<Vec<_>>().concat();
        fs::write(self.file(), text).unwrap();
    }

    /// Lets all that hold end.
    fn release(&self) {
        fs::write(self.path("gate"), "").unwrap();
    }

    /// What has begun of `hold`, in order.
    fn begun(&self) -> Vec<String> {
        let log = fs::read_to_string(self.path("log")).unwrap_or_default();
        log.lines().map(str::to_owned).collect()
    }

    /// Waits until so many have begun.
    async fn began(&self, count: usize) {
        let began = async {
            while self.begun().len() < count {
                tokio::task::yield_now().await;
            }
        };
        let began = tokio::time::timeout(BOUND, began).await;
        assert!(began.is_ok(), "{count} have to begin, and these have: {:?}", self.begun());
    }

    /// A bot of Olga's with these commands.
    async fn world(&self, change: impl FnOnce(&mut Setup)) -> World {
        let world = World::with(|setup| {
            setup.config = config(&["--owners", &OLGA.0.to_string()]);
            setup.config.jobs_file = Some(self.file());
            setup.config.binary = Some(env!("CARGO_BIN_EXE_jobboard").into());
            change(setup);
        })
        .await;
        world.telegram.person("Olga");
        world
    }
}

fn write_script(path: &Path, body: &str) {
    // Beside it first: what is written to cannot be executed, and a fork of another test may have it open for a moment.
    let new = path.with_extension("new");
    fs::write(&new, format!("#!/bin/sh\n{body}\n")).unwrap();
    fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
    fs::rename(&new, path).unwrap();
}

fn olga(world: &World) -> Speaker<'_> {
    world.speaker(world.telegram.private_chat(OLGA), OLGA)
}
