# The runner with the cases of this workspace, and the services of the example. compose.yaml builds and starts them.
FROM docker.io/library/rust:1-trixie AS build
WORKDIR /livecheck
COPY . .
RUN cargo build --release -p livecheck-cli -p stock-orders \
    && target/release/cargo-livecheck livecheck build -o target/livecheck-runner \
    && mkdir /programs \
    && cp target/livecheck-runner target/release/order-web target/release/order-creator \
        target/release/order-executor target/release/post-order /programs/

FROM docker.io/library/debian:trixie-slim
RUN useradd --create-home livecheck && mkdir /data && chown livecheck /data
COPY --from=build /programs/ /usr/local/bin/
USER livecheck
WORKDIR /data
CMD ["livecheck-runner", "run"]
