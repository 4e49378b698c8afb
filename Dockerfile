# One image for every process; docker-compose.yml says which one a container runs.
FROM python:3.12-slim AS packages
WORKDIR /flotilla
COPY requirements/base.txt requirements/base.txt
RUN python -m venv .venv && .venv/bin/pip install --no-cache-dir --require-hashes --no-deps -r requirements/base.txt

FROM python:3.12-slim
RUN useradd --system --create-home --uid 10001 flotilla
WORKDIR /flotilla
COPY --from=packages /flotilla/.venv .venv
COPY --chown=root:root . .
RUN for folder in /state /private /cache /simexchange; do \
        mkdir "$folder" && chown flotilla:flotilla "$folder" && chmod 700 "$folder"; \
    done
ENV PATH=/flotilla/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DJANGO_SETTINGS_MODULE=config.settings.embedded \
    FLOTILLA_STATE_DIR=/state \
    NUMBA_CACHE_DIR=/cache
USER flotilla
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "config.asgi:application", "--host", "0.0.0.0", "--port", "8000", "--lifespan", "off", "--no-server-header"]
