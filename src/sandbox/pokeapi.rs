//! The small PokeAPI.

/// Its routes, relative to `/pokeapi`.
pub(super) fn router<S: Clone + Send + Sync + 'static>() -> axum::Router<S> {
    axum::Router::new()
}
