//! A small PokeAPI: the first 151 Pokémon, so that `dex` answers without the internet.
//!
//! Its answers have the shape of the real service's (v2) in the fields that describe a Pokémon; what would need its
//! other tables (moves, games, encounters, effort values) is empty. Sprites are drawn here, by [`sprite`].

mod sprite;

use std::sync::LazyLock;

use axum::Router;
use axum::extract::Path;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::{Value, json};

/// Where the server nests [`router`]; the links inside answers begin with it.
const MOUNT: &str = "/pokeapi";

/// One line of the table for each Pokémon: id, name, types, height (decimetres), weight (hectograms), abilities
/// (the hidden one marked by `*`) and the six base stats in the order of [`STATS`].
const TABLE: &str = include_str!("pokedex.tsv");

static POKEDEX: LazyLock<Vec<Pokemon>> = LazyLock::new(|| TABLE.lines().filter_map(Pokemon::parse).collect());

const STATS: [&str; 6] = ["hp", "attack", "defense", "special-attack", "special-defense", "speed"];

/// Every type in the service's order: the index is the type's id minus one.
const TYPES: [&str; 18] = [
    "normal", "fighting", "flying", "poison", "ground", "rock", "bug", "ghost", "steel", "fire", "water",
    "grass", "electric", "psychic", "ice", "dragon", "dark", "fairy",
];

/// The routes of the small PokeAPI, relative to `/pokeapi`.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/api/v2/pokemon/{key}", get(pokemon))
        .route("/api/v2/pokemon/{key}/", get(pokemon))
        .route("/sprites/{file}", get(picture))
        .fallback(|| async { not_found() })
}

async fn pokemon(Path(key): Path<String>, headers: HeaderMap) -> Response {
    match find(&key) {
        Some(pokemon) => axum::Json(pokemon.json(&base_url(&headers))).into_response(),
        None => not_found(),
    }
}

async fn picture(Path(file): Path<String>) -> Response {
    let Some(pokemon) =
        file.strip_suffix(".png").and_then(|id| POKEDEX.iter().find(|p| p.id.to_string() == id))
    else {
        return not_found();
    };
    match sprite::draw(pokemon.id, pokemon.types[0], pokemon.types.get(1).copied()) {
        Ok(png) => {
            let headers = [(header::CONTENT_TYPE, "image/png"), (header::CACHE_CONTROL, "max-age=86400")];
            (headers, png).into_response()
        }
        Err(error) => {
            tracing::warn!(pokemon = pokemon.id, %error, "cannot draw a sprite");
            StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}

/// The real service's answer to a name it does not know: plain text, not JSON.
fn not_found() -> Response {
    (StatusCode::NOT_FOUND, "Not Found").into_response()
}

/// Exact, as the real service is: `Pikachu` and `025` are unknown to it.
fn find(key: &str) -> Option<&'static Pokemon> {
    POKEDEX.iter().find(|pokemon| pokemon.name == key || pokemon.id.to_string() == key)
}

/// Where the client reached this server, for links back to it. The port is only known from the request.
fn base_url(headers: &HeaderMap) -> String {
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or("127.0.0.1");
    format!("http://{host}{MOUNT}")
}

struct Pokemon {
    id: u16,
    name: &'static str,
    /// One or two.
    types: Vec<&'static str>,
    height_decimetres: u16,
    weight_hectograms: u16,
    abilities: Vec<Ability>,
    stats: [u8; STATS.len()],
}

struct Ability {
    name: &'static str,
    is_hidden: bool,
    slot: u8,
}

impl Pokemon {
    fn parse(line: &'static str) -> Option<Self> {
        let mut columns = line.split('\t');
        let mut column = || columns.next();
        Some(Self {
            id: column()?.parse().ok()?,
            name: column()?,
            types: column()?.split(',').collect(),
            height_decimetres: column()?.parse().ok()?,
            weight_hectograms: column()?.parse().ok()?,
            abilities: column()?.split(',').zip(1..).map(|(name, slot)| Ability::parse(name, slot)).collect(),
            stats: column()?
                .split(',')
                .map(|stat| stat.parse().ok())
                .collect::<Option<Vec<u8>>>()?
                .try_into()
                .ok()?,
        })
    }

    fn json(&self, base: &str) -> Value {
        let api = format!("{base}/api/v2");
        let id = self.id;
        let sprite = format!("{base}/sprites/{id}.png");
        json!({
            "id": id,
            "name": self.name,
            "base_experience": null,
            "height": self.height_decimetres,
            "weight": self.weight_hectograms,
            "order": id,
            "is_default": true,
            "types": self.types.iter().zip(1..).map(|(name, slot)| json!({
                "slot": slot,
                "type": { "name": name, "url": type_url(&api, name) },
            })).collect::<Vec<Value>>(),
            "past_types": [],
            "abilities": self.abilities.iter().map(|ability| json!({
                "is_hidden": ability.is_hidden,
                "slot": ability.slot,
                "ability": { "name": ability.name, "url": format!("{api}/ability/{}/", ability.name) },
            })).collect::<Vec<Value>>(),
            "past_abilities": [],
            "stats": self.stats.iter().zip(STATS).zip(1..).map(|((base_stat, name), number)| json!({
                "base_stat": base_stat,
                "effort": 0,
                "stat": { "name": name, "url": format!("{api}/stat/{number}/") },
            })).collect::<Vec<Value>>(),
            "species": { "name": self.name, "url": format!("{api}/pokemon-species/{id}/") },
            "forms": [{ "name": self.name, "url": format!("{api}/pokemon-form/{id}/") }],
            "sprites": {
                "front_default": sprite, "front_female": null, "front_shiny": null, "front_shiny_female": null,
                "back_default": null, "back_female": null, "back_shiny": null, "back_shiny_female": null,
                "other": { "official-artwork": { "front_default": sprite, "front_shiny": null } },
            },
            "location_area_encounters": format!("{api}/pokemon/{id}/encounters"),
            "game_indices": [],
            "held_items": [],
            "moves": [],
        })
    }
}

impl Ability {
    /// A hidden ability is in slot 3 even where there is no second one.
    fn parse(name: &'static str, slot: u8) -> Self {
        match name.strip_prefix('*') {
            Some(name) => Self { name, is_hidden: true, slot: 3 },
            None => Self { name, is_hidden: false, slot },
        }
    }
}

fn type_url(api: &str, name: &str) -> String {
    let id = TYPES.iter().zip(1..).find_map(|(known, id)| (*known == name).then_some(id)).unwrap_or(0);
    format!("{api}/type/{id}/")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    async fn answer(key: &str) -> (StatusCode, String, String) {
        let mut headers = HeaderMap::new();
        headers.insert(header::HOST, "127.0.0.1:4321".parse().unwrap());
        let response = pokemon(Path(key.to_owned()), headers).await;
        let status = response.status();
        let kind = response.headers()[header::CONTENT_TYPE].to_str().unwrap().to_owned();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        (status, kind, String::from_utf8(body.to_vec()).unwrap())
    }

    #[test]
    fn the_table_is_whole() {
        let ids: Vec<u16> = POKEDEX.iter().map(|pokemon| pokemon.id).collect();
        assert_eq!(ids, (1..=151).collect::<Vec<u16>>());
        let names: HashSet<&str> = POKEDEX.iter().map(|pokemon| pokemon.name).collect();
        assert_eq!(names.len(), 151, "each name once");
        for pokemon in POKEDEX.iter() {
            let name = pokemon.name;
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{name}");
            assert!(matches!(pokemon.types.len(), 1 | 2), "{name}");
            assert!(pokemon.types.iter().all(|kind| TYPES.contains(kind)), "{name}");
            assert!(pokemon.abilities.iter().filter(|ability| ability.is_hidden).count() <= 1, "{name}");
            assert!(pokemon.stats.iter().all(|stat| *stat > 0), "{name}");
        }
    }

    #[tokio::test]
    async fn a_pokemon_is_found_by_name_and_by_id() {
        let (status, kind, by_name) = answer("pikachu").await;
        assert_eq!((status, kind.as_str()), (StatusCode::OK, "application/json"));
        assert_eq!(by_name, answer("25").await.2);
        let pikachu: Value = serde_json::from_str(&by_name).unwrap();
        assert_eq!(pikachu["id"], 25);
        assert_eq!(pikachu["height"], 4);
        assert_eq!(pikachu["weight"], 60);
        assert_eq!(pikachu["types"][0]["type"]["name"], "electric");
        assert_eq!(pikachu["stats"][5]["base_stat"], 90);
        assert_eq!(pikachu["stats"][5]["stat"]["name"], "speed");
        assert_eq!(pikachu["abilities"][1]["ability"]["name"], "lightning-rod");
        assert_eq!(pikachu["abilities"][1]["is_hidden"], true);
        assert_eq!(pikachu["abilities"][1]["slot"], 3);
        let sprite = "http://127.0.0.1:4321/pokeapi/sprites/25.png";
        assert_eq!(pikachu["sprites"]["front_default"], sprite);
        assert_eq!(pikachu["sprites"]["other"]["official-artwork"]["front_default"], sprite);
    }

    #[tokio::test]
    async fn what_the_service_does_not_know_is_plain_not_found() {
        for key in ["missingno", "Pikachu", "025", "0", "152", "-1", ""] {
            let (status, kind, body) = answer(key).await;
            assert_eq!((status, body.as_str()), (StatusCode::NOT_FOUND, "Not Found"), "{key}");
            assert!(kind.starts_with("text/plain"), "{key}: {kind}");
        }
    }

    #[tokio::test]
    async fn pictures_have_the_pokemon_s_id_for_a_name() {
        for (file, status) in
            [("25.png", StatusCode::OK), ("025.png", StatusCode::NOT_FOUND), ("25", StatusCode::NOT_FOUND)]
        {
            assert_eq!(picture(Path(file.to_owned())).await.status(), status, "{file}");
        }
    }

    #[tokio::test]
    async fn a_slash_at_the_end_is_optional() {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let app: Router = Router::new().nest(MOUNT, router());
        let server = tokio::spawn(async move { axum::serve(listener, app).await });
        for (path, status) in
            [("pokemon/1", 200), ("pokemon/mew/", 200), ("pokemon/x/", 404), ("berry/1/", 404)]
        {
            let url = format!("http://{address}{MOUNT}/api/v2/{path}");
            assert_eq!(reqwest::get(url).await.unwrap().status(), status, "{path}");
        }
        server.abort();
    }
}
