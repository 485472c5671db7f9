# syntax=docker/dockerfile:1

# Both bases can be replaced by --build-arg. A release gives each with the digest that its tag has that day (dev/release/image.ts), and
# records both in the image's provenance. The runtime has the C and C++ libraries that Node.js needs and no shell.
ARG NODE_IMAGE=docker.io/library/node:24.21.0-bookworm-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian12:nonroot

# Compiled JavaScript is the same on every platform: nothing is run on a foreign one.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS app
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY src src
# What is left are packages of production and code. Types and source maps are half of the packages, and nothing reads them here.
RUN npm run build \
 && npm prune --omit=dev --ignore-scripts \
 && rm -r src tsconfig.json tsconfig.build.json package-lock.json .npmrc node_modules/.package-lock.json \
 && find node_modules -type f \( -name '*.map' -o -name '*.d.ts' -o -name '*.d.mts' -o -name '*.d.cts' \) -delete
COPY LICENSE ./
COPY bin bin
COPY crds crds
# The same sources give the same layer: modes as in git whatever the umask, and every time that of the commit.
ARG SOURCE_DATE_EPOCH=0
RUN chmod -R u=rwX,go=rX . \
 && find . -exec touch --no-dereference --date="@${SOURCE_DATE_EPOCH}" {} +

FROM ${NODE_IMAGE} AS node

FROM ${RUNTIME_IMAGE}
ARG VERSION=0.0.0
ARG REVISION=unknown
ARG CREATED=1970-01-01T00:00:00Z
ARG SOURCE
LABEL org.opencontainers.image.title="etcd-endpoints" \
      org.opencontainers.image.description="Services that register themselves in etcd appear in Kubernetes as ordinary Services" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}" \
      org.opencontainers.image.source="${SOURCE}"
COPY --from=node /usr/local/bin/node /usr/local/bin/node
COPY --from=app /app /app
# Node.js's space for young objects would grow to 100 MB in a burst, and stay so; the chart gives it more where the memory limit is high. And each of its
# threads would keep memory of its own that it has given back.
ENV NODE_ENV=production NODE_OPTIONS=--max-semi-space-size=4 MALLOC_ARENA_MAX=1
# A number, so that Kubernetes can tell that it is not root (runAsNonRoot).
USER 65532:65532
WORKDIR /app
EXPOSE 8080
# Node.js is process 1: the command handles SIGTERM and SIGINT itself.
ENTRYPOINT ["/usr/local/bin/node", "/app/bin/etcd-endpoints.js"]
CMD ["controller"]
