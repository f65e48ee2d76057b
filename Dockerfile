# syntax=docker/dockerfile:1
# docker build --tag jobboard .
# docker run --init --env-file .env --volume jobboard:/data --stop-timeout 20 jobboard

FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
# A cache is no part of the image: what is kept has to be copied out of it.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --locked --release --bin jobboard \
    && cp target/release/jobboard /usr/local/bin/jobboard

FROM debian:bookworm-slim
# No ca-certificates: the roots of TLS are in the program (rustls with webpki-roots).
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin jobboard \
    && install --directory --owner=jobboard --group=jobboard --mode=0700 /data
COPY --from=build /usr/local/bin/jobboard /usr/local/bin/jobboard
# Health, for the check below, and metrics; seen in the container alone.
ENV JOBBOARD_DATA_DIR=/data \
    JOBBOARD_HTTP_ADDR=127.0.0.1:9090
WORKDIR /data
USER 10001
VOLUME /data
# What the program takes for a stop in good order; it is also what `docker stop` sends where nothing is said.
STOPSIGNAL SIGTERM
# A start on a large store takes some seconds, and a look costs a short process. It says whether the process lives, and not
# whether Telegram can be reached, which a new container would not change (`jobboard health --ready` tells).
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["/usr/local/bin/jobboard", "health"]
ENTRYPOINT ["/usr/local/bin/jobboard"]
