# The portal's own programs, one image: web by default, `python -m config.programs worker|relay|beat`
# and `python manage.py migrate` by command. PostgreSQL and Valkey are other containers.

FROM python:3.12-slim AS build

ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_NO_CACHE=1 UV_PYTHON_DOWNLOADS=never
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9
WORKDIR /srv/tirek
COPY pyproject.toml uv.lock ./
RUN uv sync --frozen --no-default-groups --no-install-project
COPY . .
# Settings want addresses, these two commands use none; keys made here do not leave this stage.
RUN DATABASE_URL=postgresql://none@127.0.0.1:9/none REDIS_URL=redis://127.0.0.1:9/0 \
    PORTAL_STATE=/tmp/state STATIC_ROOT=/srv/tirek/static \
    sh -c '.venv/bin/python manage.py compile_texts && .venv/bin/python manage.py collectstatic --noinput --verbosity 0'


FROM python:3.12-slim

RUN useradd --system --uid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin tirek \
    && install -d -o tirek -g tirek -m 0700 /var/lib/tirek
COPY --from=build /srv/tirek /srv/tirek
WORKDIR /srv/tirek
ENV PATH=/srv/tirek/.venv/bin:$PATH \
    DJANGO_SETTINGS_MODULE=config.settings \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    PORTAL_STATE=/var/lib/tirek \
    STATIC_ROOT=/srv/tirek/static
USER tirek
VOLUME /var/lib/tirek
EXPOSE 8000
CMD ["python", "-m", "config.programs", "web"]
