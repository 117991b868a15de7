# The image of `bun run build --image`, from a clone: docker build -t influx-spout .
# Docker cannot see which commit this is: --build-arg REVISION=$(git rev-parse --short=12 HEAD) puts it on the label too.
FROM node:22-bookworm AS build
ARG SOURCE_DATE_EPOCH
WORKDIR /source
COPY . .
RUN npm run build -- --image

FROM scratch
COPY --from=build /source/dist/image/ /
ARG REVISION=unknown
LABEL org.opencontainers.image.title="influx-spout" \
      org.opencontainers.image.description="Routes InfluxDB line protocol from agents to InfluxDB backends, sorted by rules, over NATS." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="3.0.0-alpha.1" \
      org.opencontainers.image.revision=$REVISION
USER 65534:65534
WORKDIR /
EXPOSE 11001/tcp 10001/udp
STOPSIGNAL SIGTERM
ENTRYPOINT ["/bin/influx-spout"]
CMD ["/etc/influx-spout/http-listener.toml"]
