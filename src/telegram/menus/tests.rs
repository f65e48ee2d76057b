use std::time::Duration;

use super::*;
use crate::{
    config::Cli,
    declared::Declaration,
    sandbox::{self, Options, PersonId, Sandbox},
    store::Secret,
};

fn declared(name: &str, allow: Allow) -> Declaration {
    Declaration {
        name: name.into(),
        help: format!("What {name} does"),
        parameters: Vec::new(),
        program: "/bin/true".into(),
        args: Vec::new(),
        folder: None,
        environment: BTreeMap::new(),
        timeout: None,
        grace: Duration::from_secs(1),
        at_once: None,
        at_once_per_chat: None,
        weight: 0,
        allow,
        confirm: false,
        rerun: false,
        files: None,
        bounds: crate::declared::Bounds::default(),
    }
}

/// Waits until the declared commands that somebody is shown in a chat are these.
async fn sees(sandbox: &Sandbox, chat: sandbox::ChatId, person: PersonId, expected: &[&str]) {
    let telegram = sandbox.telegram();
    let shown = |view: &sandbox::View<'_>| {
        let menu = view.menu(chat, person);
        let own = menu.iter().any(|(name, _)| name == "fib_multi");
        let declared: Vec<_> =
            menu.into_iter().map(|(name, _)| name).filter(|name| name.starts_with("my_")).collect();
        (own && declared == expected).then_some(())
    };
    let seen = tokio::time::timeout(Duration::from_secs(20), telegram.until(shown)).await;
    assert!(seen.is_ok(), "{expected:?}, not {:?}", telegram.view(|view| view.menu(chat, person)));
}

#[tokio::test]
async fn people_see_what_they_may_run_and_no_more_after_a_reload() {
    let sandbox = Sandbox::start(Options::default()).await.unwrap();
    let telegram = sandbox.telegram();
    let [ann, ben, carl] = ["Ann", "Ben", "Carl"].map(|name| telegram.person(name));
    let (group, other) = (telegram.group("Lab", &[ann, ben]), telegram.group("Hall", &[ann, ben]));
    let private = |person| telegram.private_chat(person);
    let mut config =
        Cli::read(["jobboard".into(), "--owners".into(), carl.0.to_string().into()]).unwrap().config;
    config = config.for_sandbox(&Options::default().token, &sandbox.url(), &sandbox.pokeapi_url());
    let folder = tempfile::tempdir().unwrap();
    let (store, _) = Store::open(folder.path(), config.keep()).unwrap();
    let api = Api::new(&config, &Secret([7; 32])).unwrap();
    let listed = Allow::Listed { people: vec![ben.0], chats: vec![ChatId(group.0)] };
    let all = [
        declared("my_all", Allow::Everyone),
        declared("my_admins", Allow::Admins),
        declared("my_owners", Allow::Owners),
        declared("my_listed", listed),
    ];
    let catalog = Declared::new(all.into_iter().collect());
    let stop = CancellationToken::new();
    let menus = Menus::new(api.clone(), store.clone(), catalog.clone(), &config);
    let tended = tokio::spawn({
        let stop = stop.clone();
        async move { menus.tend("", stop).await }
    });
    // Ann has made the groups, and so is an admin of both.
    let everything = ["my_all", "my_admins", "my_owners", "my_listed"];
    sees(&sandbox, private(carl), carl, &everything).await;
    sees(&sandbox, private(ann), ann, &["my_all"]).await;
    sees(&sandbox, private(ben), ben, &["my_all", "my_listed"]).await;
    sees(&sandbox, other, ann, &["my_all", "my_admins"]).await;
    sees(&sandbox, other, ben, &["my_all"]).await;
    sees(&sandbox, group, ann, &["my_all", "my_admins", "my_listed"]).await;
    sees(&sandbox, group, ben, &["my_all", "my_listed"]).await;

    // Something else is declared: the narrower menus go.
    catalog.replace([declared("my_other", Allow::Everyone)].into_iter().collect());
    for (chat, person) in
        [(private(ben), ben), (other, ann), (group, ann), (group, ben), (private(carl), carl)]
    {
        sees(&sandbox, chat, person, &["my_other"]).await;
    }
    // And so they do where another process had registered them.
    let admins = declared("my_admins", Allow::Admins);
    catalog.replace([admins].into_iter().collect());
    sees(&sandbox, group, ann, &["my_admins"]).await;
    stop.cancel();
    tended.await.unwrap();
    store.close();
    let (store, loaded) = Store::open(folder.path(), config.keep()).unwrap();
    let menus = Menus::new(api, store, Declared::new(Catalog::default()), &config);
    let stop = CancellationToken::new();
    let tended = tokio::spawn({
        let stop = stop.clone();
        async move { menus.tend(&loaded.menus, stop).await }
    });
    sees(&sandbox, group, ann, &[]).await;
    stop.cancel();
    tended.await.unwrap();
}

#[test]
fn a_line_of_the_menu_fits() {
    let mut one = declared("my_long", Allow::Everyone);
    one.help = "x".repeat(150);
    let parameter = |at: usize| crate::declared::Parameter {
        name: format!("a_parameter_{at}"),
        kind: crate::declared::Kind::Word,
        optional: false,
        allow_hyphen: false,
    };
    one.parameters = (0..3).map(parameter).collect();
    let line = |one: &Declaration| sentences::declared::menu_line(one);
    assert!(line(&one).ends_with("(A_PARAMETER_0 A_PARAMETER_1 A_PARAMETER_2)"));
    one.parameters = (0..20).map(parameter).collect();
    assert_eq!(line(&one), one.help);
}
