# The library lies in the volume /data, the embedded PostgreSQL too, unless DATABASE_URL is set.
FROM node:24-bookworm-slim AS web
WORKDIR /app
COPY . .
RUN npm ci --ignore-scripts && npm run build

FROM node:24-bookworm-slim
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force
COPY src src
COPY --from=web /app/web/build web/build
RUN install -d -o node -g node -m 0700 /data
ENV NODE_ENV=production TINTYPE_DATA=/data HOST=0.0.0.0 PORT=8000
USER node
VOLUME /data
EXPOSE 8000
HEALTHCHECK --start-period=30s CMD ["node", "-e", "fetch('http://127.0.0.1:8000/api/v1/ready').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "src/main.ts", "serve"]
