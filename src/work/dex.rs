//! Pokémon from PokeAPI: looked up, retried, cached.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use backon::{ExponentialBuilder, Retryable};
use moka::future::Cache;
use reqwest::{Client, Response, StatusCode, Url, redirect::Policy};
use serde::Deserialize;

use crate::{
    job::{Failure, Pokemon, PokemonKey, Stat},
    metrics::{Asked, Found, Metrics},
};

/// PokeAPI's bodies reach 560 kB today; what is far above is not one.
const MAX_BODY: usize = 4 << 20;
/// Characters of the reason why a body makes no sense.
const MAX_REASON: usize = 200;
/// Of all names on a card, and of the characters of one; PokeAPI has about 13, of up to 30.
const MAX_NAMES: usize = 50;
const MAX_NAME: usize = 100;
/// Sprites are about 1 kB, artwork 100 kB.
pub(super) const MAX_SPRITE: usize = 1 << 20;
/// From an address without its last slash to that with it, say.
const MAX_REDIRECTS: usize = 3;
/// All of PokeAPI is about 1,300 Pokémon and forms.
const MAX_CACHED: u64 = 2_000;
/// PokeAPI's fair-use rule asks clients to cache; its data changes a few times a year.
const CACHED_FOR: Duration = Duration::from_hours(24);

/// How long PokeAPI is waited for.
#[derive(Clone, Copy, Debug)]
pub struct PokeApiTimings {
    /// One attempt, from the connection to the last byte. A timeout is not tried again.
    pub attempt: Duration,
    /// The pause before the first retry; doubled, with jitter, for each of the two after it.
    pub backoff: Duration,
    /// The sprite; the card goes without it after that.
    pub sprite: Duration,
}

impl Default for PokeApiTimings {
    fn default() -> Self {
        Self {
            attempt: Duration::from_secs(10),
            backoff: Duration::from_millis(250),
            sprite: Duration::from_secs(2),
        }
    }
}

/// A client with a bounded cache.
pub struct PokeApi {
    client: Client,
    base: String,
    timings: PokeApiTimings,
    answers: Cache<PokemonKey, Arc<Answer>>,
    sprites: Cache<String, Arc<[u8]>>,
    metrics: Arc<Metrics>,
}

/// What is kept of an answer: the Pokémon without its sprite, and where that is.
#[derive(Debug)]
struct Answer {
    pokemon: Pokemon,
    sprite_url: Option<String>,
}

impl PokeApi {
    /// A client of the PokeAPI at `base` (`https://pokeapi.co/api/v2`).
    ///
    /// # Errors
    /// Where the TLS backend cannot be started.
    pub fn new(base: &str, timings: PokeApiTimings) -> reqwest::Result<Self> {
        let client = Client::builder()
            .user_agent(concat!("jobboard/", env!("CARGO_PKG_VERSION")))
            .timeout(timings.attempt)
            .redirect(same_server())
            .build()?;
        Ok(Self {
            client,
            base: base.trim_end_matches('/').to_owned(),
            timings,
            answers: Cache::builder().max_capacity(MAX_CACHED).time_to_live(CACHED_FOR).build(),
            sprites: Cache::builder().max_capacity(MAX_CACHED).time_to_live(CACHED_FOR).build(),
            metrics: Metrics::new(),
        })
    }

    /// The same, counted by somebody.
    #[must_use]
    pub fn measured(self, metrics: Arc<Metrics>) -> Self {
        Self { metrics, ..self }
    }

    /// The Pokémon, with its sprite if that is wanted and comes in time. Two that ask for the same at once make one request.
    ///
    /// # Errors
    /// A [`Failure`] for people.
    pub async fn look_up(&self, key: &PokemonKey, with_sprite: bool) -> Result<Arc<Pokemon>, Failure> {
        let answer = self.answers.try_get_with_by_ref(key, self.ask(key)).await;
        let answer = answer.map_err(|failure: Arc<Failure>| (*failure).clone())?;
        let sprite = match &answer.sprite_url {
            Some(url) if with_sprite && self.may_ask(url) => self.sprite(url).await,
            _ => None,
        };
        Ok(Arc::new(Pokemon { sprite, ..answer.pokemon.clone() }))
    }

    async fn ask(&self, key: &PokemonKey) -> Result<Arc<Answer>, Failure> {
        let backoff = ExponentialBuilder::default()
            .with_min_delay(self.timings.backoff)
            .with_jitter()
            .with_max_times(3);
        let body = (|| self.fetch(key))
            .retry(backoff)
            .when(is_worth_a_retry)
            .notify(|failure, pause| tracing::info!(%key, ?failure, ?pause, "PokeAPI is asked again"))
            .await?;
        read_answer(&body).map(Arc::new)
    }

    async fn fetch(&self, key: &PokemonKey) -> Result<Vec<u8>, Failure> {
        let begun = Instant::now();
        let fetched = self.request(key).await;
        self.metrics.asked(Asked::Pokemon, found(&fetched), begun.elapsed());
        fetched
    }

    async fn request(&self, key: &PokemonKey) -> Result<Vec<u8>, Failure> {
        let url = format!("{}/pokemon/{key}/", self.base);
        let response = self.client.get(url).send().await.map_err(|error| transport_failure(&error))?;
        match response.status() {
            StatusCode::OK => match bounded_body(response, MAX_BODY).await {
                Ok(Some(body)) => Ok(body),
                Ok(None) => Err(Failure::PokeApiNonsense(format!("it is longer than {} MB", MAX_BODY >> 20))),
                Err(error) => Err(transport_failure(&error)),
            },
            StatusCode::NOT_FOUND => Err(Failure::NoSuchPokemon(key.clone())),
            status => Err(Failure::PokeApiStatus(status.as_u16())),
        }
    }

    fn may_ask(&self, sprite: &str) -> bool {
        Url::parse(&self.base).is_ok_and(|base| may_be_asked(&base, sprite))
    }

    /// `None` where it does not come within the time for sprites; the next look-up tries again.
    async fn sprite(&self, url: &str) -> Option<Arc<[u8]>> {
        let fetched = self.sprites.try_get_with_by_ref(url, async {
            let begun = Instant::now();
            let picture = self.picture(url).await;
            let outcome = picture.as_ref().map_or_else(|(outcome, _)| *outcome, |_| Found::Done);
            self.metrics.asked(Asked::Sprite, outcome, begun.elapsed());
            picture.map_err(|(_, why)| why)
        });
        match tokio::time::timeout(self.timings.sprite, fetched).await {
            Ok(Ok(sprite)) => Some(sprite),
            Ok(Err(error)) => {
                tracing::info!(url, %error, "a sprite did not come");
                None
            }
            Err(_) => {
                tracing::info!(url, "a sprite did not come in time");
                None
            }
        }
    }

    async fn picture(&self, url: &str) -> Result<Arc<[u8]>, (Found, String)> {
        let failed = |error: reqwest::Error| (lost(&error), error.without_url().to_string());
        let response = self.client.get(url).send().await.and_then(Response::error_for_status);
        let body = bounded_body(response.map_err(failed)?, MAX_SPRITE).await.map_err(failed)?;
        body.map(Arc::from).ok_or_else(|| (Found::Nonsense, "it is too large".to_owned()))
    }
}

/// What came of a request for a Pokémon, in a word.
fn found(fetched: &Result<Vec<u8>, Failure>) -> Found {
    match fetched {
        Ok(_) => Found::Done,
        Err(Failure::NoSuchPokemon(_)) => Found::NotFound,
        Err(Failure::PokeApiStatus(_)) => Found::BadStatus,
        Err(Failure::PokeApiTimedOut) => Found::TimedOut,
        Err(Failure::PokeApiUnreachable) => Found::NoAnswer,
        Err(_) => Found::Nonsense,
    }
}

/// What came of a request for a sprite, where none came.
fn lost(error: &reqwest::Error) -> Found {
    if error.is_status() {
        Found::BadStatus
    } else if error.is_timeout() {
        Found::TimedOut
    } else {
        Found::NoAnswer
    }
}

/// Redirects are followed on the same server: elsewhere may be a machine that only this one reaches.
fn same_server() -> Policy {
    Policy::custom(|attempt| {
        let is_same = attempt.previous().first().is_some_and(|asked| is_same_server(asked, attempt.url()));
        if is_same && attempt.previous().len() <= MAX_REDIRECTS { attempt.follow() } else { attempt.stop() }
    })
}

/// Also where it sends from `http` to `https`.
fn is_same_server(asked: &Url, next: &Url) -> bool {
    let upgraded = asked.scheme() == "http" && next.scheme() == "https";
    let ports = (asked.port(), next.port());
    asked.host() == next.host()
        && ((asked.scheme() == next.scheme() && ports.0 == ports.1) || (upgraded && ports == (None, None)))
}

/// A sprite's address comes from PokeAPI's body: it is of the same server, or of a named one with a certificate, which no
/// machine of a private network has.
fn may_be_asked(base: &Url, sprite: &str) -> bool {
    let Ok(url) = Url::parse(sprite) else { return false };
    is_same_server(base, &url) || (url.scheme() == "https" && url.port().is_none() && url.domain().is_some())
}

/// The whole body, or `None` where it is longer than `limit` bytes.
async fn bounded_body(mut response: Response, limit: usize) -> reqwest::Result<Option<Vec<u8>>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        if body.len() + chunk.len() > limit {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body))
}

fn transport_failure(error: &reqwest::Error) -> Failure {
    if error.is_timeout() { Failure::PokeApiTimedOut } else { Failure::PokeApiUnreachable }
}

fn is_worth_a_retry(failure: &Failure) -> bool {
    match failure {
        Failure::PokeApiUnreachable => true,
        Failure::PokeApiStatus(status) => *status >= 500 || *status == 429,
        _ => false,
    }
}

/// The error may quote the body, which may be anything.
fn nonsense(error: &serde_json::Error) -> Failure {
    Failure::PokeApiNonsense(error.to_string().chars().take(MAX_REASON).collect())
}

/// The parts of PokeAPI's body that a card shows.
#[derive(Deserialize)]
struct Body {
    id: u64,
    name: String,
    height: u64,
    weight: u64,
    types: Vec<TypeSlot>,
    abilities: Vec<AbilitySlot>,
    stats: Vec<StatSlot>,
    sprites: Sprites,
}

#[derive(Deserialize)]
struct Named {
    name: String,
}

#[derive(Deserialize)]
struct TypeSlot {
    r#type: Named,
}

#[derive(Deserialize)]
struct AbilitySlot {
    ability: Named,
    is_hidden: bool,
}

#[derive(Deserialize)]
struct StatSlot {
    base_stat: u64,
    stat: Named,
}

#[derive(Deserialize)]
struct Sprites {
    front_default: Option<String>,
    /// Some forms have none of the small ones.
    other: Option<OtherSprites>,
}

#[derive(Deserialize)]
struct OtherSprites {
    home: Option<Sprite>,
    #[serde(rename = "official-artwork")]
    artwork: Option<Sprite>,
}

#[derive(Deserialize)]
struct Sprite {
    front_default: Option<String>,
}

impl Sprites {
    /// The first picture that there is.
    fn best(self) -> Option<String> {
        let mut other = self.other.map(|other| [other.artwork, other.home]).into_iter().flatten().flatten();
        self.front_default.or_else(|| other.find_map(|sprite| sprite.front_default))
    }
}

impl Body {
    /// Whether it is about as large as what PokeAPI has; it is kept, and shown.
    fn is_bounded(&self) -> bool {
        let types = self.types.iter().map(|slot| &slot.r#type.name);
        let abilities = self.abilities.iter().map(|slot| &slot.ability.name);
        let stats = self.stats.iter().map(|slot| &slot.stat.name);
        let mut names = types.chain(abilities).chain(stats).chain([&self.name]);
        names.clone().count() <= MAX_NAMES && names.all(|name| name.chars().count() <= MAX_NAME)
    }
}

fn read_answer(body: &[u8]) -> Result<Answer, Failure> {
    let body: Body = serde_json::from_slice(body).map_err(|error| nonsense(&error))?;
    if !body.is_bounded() {
        return Err(Failure::PokeApiNonsense("its names are too long, or too many".to_owned()));
    }
    let pokemon = Pokemon {
        id: body.id,
        name: body.name,
        types: body.types.into_iter().map(|slot| slot.r#type.name).collect(),
        height: body.height,
        weight: body.weight,
        abilities: body.abilities.into_iter().map(|slot| (slot.ability.name, slot.is_hidden)).collect(),
        stats: body
            .stats
            .into_iter()
            .map(|slot| Stat { name: slot.stat.name, value: slot.base_stat })
            .collect(),
        sprite: None,
    };
    Ok(Answer { pokemon, sprite_url: body.sprites.best() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_servers_are_asked_for_pictures() {
        let base = Url::parse("http://127.0.0.1:81/api/v2").unwrap();
        for sprite in ["http://127.0.0.1:81/sprites/1.png", "https://raw.example.com/1.png"] {
            assert!(may_be_asked(&base, sprite), "{sprite}");
        }
        for sprite in [
            "http://127.0.0.1:82/1.png",
            "http://raw.example.com/1.png",
            "https://10.0.0.1/1.png",
            "https://[::1]/1.png",
            "https://raw.example.com:8443/1.png",
            "file:///etc/passwd",
            "1.png",
        ] {
            assert!(!may_be_asked(&base, sprite), "{sprite}");
        }
    }

    #[test]
    fn only_the_same_server_is_followed_to() {
        let is_same =
            |from: &str, to: &str| is_same_server(&Url::parse(from).unwrap(), &Url::parse(to).unwrap());
        assert!(is_same("https://pokeapi.co/api/v2/pokemon/1", "https://pokeapi.co/api/v2/pokemon/1/"));
        assert!(is_same("http://pokeapi.co/a", "https://pokeapi.co/a"));
        for to in [
            "http://pokeapi.co/",
            "https://169.254.169.254/",
            "https://evil.example/",
            "https://pokeapi.co:22/",
        ] {
            assert!(!is_same("https://pokeapi.co/api/v2/pokemon/1", to), "{to}");
        }
    }
}
