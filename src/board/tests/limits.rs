//! Whatever is refused leaves nothing behind.

use std::collections::BTreeMap;

use super::*;
use crate::store::Keep;

const SMALL: Limits = Limits {
    max_fib: 999_999_999,
    max_live_jobs: 3,
    max_live_person: 4,
    max_members: 2,
    memory: 1_000_000,
    ..LIMITS
};
const KEEP: Keep = Keep { jobs: 100, time: Duration::MAX, bytes: u64::MAX, away: Duration::MAX };

#[derive(Clone, Debug)]
struct Asked {
    chat: i64,
    person: i64,
    spec: Spec,
}

fn asked() -> impl Strategy<Value = Asked> {
    let spec = prop_oneof![
        4 => Just(Spec::Fib(5)),
        1 => Just(Spec::FibMulti(vec![5, 6])),
        1 => Just(Spec::FibMulti(vec![5, 6, 7])),
        1 => Just(Spec::Fib(1_000_000_000)),
        1 => Just(Spec::Fib(900_000_000)),
    ];
    (1..4_i64, 1..4_i64, spec).prop_map(|(chat, person, spec)| Asked { chat, person, spec })
}

/// Unfinished jobs by chat and by person.
#[derive(Default)]
struct Model {
    chats: BTreeMap<i64, usize>,
    people: BTreeMap<i64, usize>,
}

impl Model {
    /// Whether it is to be taken, and the word of the refusal otherwise.
    fn says(&mut self, asked: &Asked) -> Result<JobId, &'static str> {
        let chat = self.chats.entry(asked.chat).or_default();
        match &asked.spec {
            Spec::FibMulti(ns) if ns.len() > 2 => return Err("TooManyMembers"),
            Spec::Fib(1_000_000_000) => return Err("FibTooLarge"),
            Spec::Fib(900_000_000) => return Err("NeverFits"),
            _ if *chat >= 3 => return Err("TooManyLive"),
            _ => {}
        }
        let person = self.people.entry(asked.person).or_default();
        if *person >= 4 {
            return Err("TooManyOfPerson");
        }
        *person += 1;
        *chat += 1;
        Ok(JobId(u64::try_from(*chat).unwrap()))
    }
}

fn word(refusal: &Refusal) -> String {
    let text = format!("{refusal:?}");
    text.split([' ', '(']).next().unwrap_or_default().to_owned()
}

async fn check(all: Vec<Asked>) {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), KEEP).unwrap();
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
    let work =
        Work::new(CpuPool::new(2).unwrap(), Engine::on_workers(endless().0).with_memory(|n| n), pokeapi);
    let boards = Boards::new(work, store.clone(), SMALL);
    let mut model = Model::default();
    for (message, asked) in (1..).zip(&all) {
        let person = Person { id: asked.person, name: "Ann".to_owned() };
        let given = boards.submit(ChatId(asked.chat), person, origin(message), asked.spec.clone()).await;
        let expected = model.says(asked).map_err(str::to_owned);
        assert_eq!(given.map_err(|refusal| word(&refusal)), expected, "{asked:?}");
    }
    for (chat, live) in &model.chats {
        assert_eq!(boards.page(ChatId(*chat), 0, Filter::All).total, *live);
    }
    assert_eq!(boards.people.len(), model.people.values().filter(|live| **live > 0).count());
    assert_eq!(boards.tables.len(), model.chats.values().filter(|live| **live > 0).count());
    boards.stop(Duration::from_secs(30)).await;
    store.close();
    drop((boards, store));
    let (_, loaded) = Store::open(folder.path(), KEEP).unwrap();
    assert_eq!(loaded.jobs.len(), model.chats.values().sum::<usize>());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]
    #[test]
    fn what_is_refused_leaves_nothing(all in prop::collection::vec(asked(), 1..25)) {
        tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap()
            .block_on(check(all));
    }
}

#[tokio::test]
async fn who_has_no_unfinished_job_is_not_counted() {
    let boards = boards(quick(), Limits { max_live_person: 1, ..LIMITS });
    for message in 1..=5 {
        let id = boards.submit(CHAT, person("Ann"), origin(message), Spec::Fib(5)).await.unwrap();
        end(&boards, CHAT, id).await;
        while boards.people.len() > 0 {
            tokio::task::yield_now().await;
        }
    }
}

#[tokio::test]
async fn what_could_not_be_stored_has_taken_no_place() {
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), KEEP).unwrap();
    let pokeapi = PokeApi::new("http://127.0.0.1:9", PokeApiTimings::default()).unwrap();
    let work = Work::new(CpuPool::new(2).unwrap(), Engine::on_workers(quick()), pokeapi);
    let boards = Boards::new(work, store.clone(), Limits { max_live_person: 1, ..LIMITS });
    // From here on nothing can be stored.
    store.close();
    for message in 1..=3 {
        let refused = boards.submit(CHAT, person("Ann"), origin(message), Spec::Fib(5)).await;
        assert!(matches!(refused, Err(Refusal::NotStored(_))), "{refused:?}");
    }
    assert_eq!((boards.people.len(), boards.page(CHAT, 0, Filter::All).total), (0, 0));
    // Nor does it look as if three jobs had ended just now.
    boards.overload.moved(0, 200);
    assert_eq!(boards.overload.admits(0), Err(60));
}
