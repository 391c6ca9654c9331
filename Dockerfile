# Carteggio from this checkout, as an unprivileged user; the database is a server beside it.
FROM python:3.13-slim AS wheel
WORKDIR /source
COPY . .
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.13-slim
RUN useradd --system --uid 4700 --create-home --home-dir /var/lib/carteggio carteggio
COPY requirements.lock /tmp/requirements.lock
RUN pip install --no-cache-dir --require-hashes -r /tmp/requirements.lock && rm /tmp/requirements.lock
COPY --from=wheel /wheels /wheels
RUN pip install --no-cache-dir --no-deps /wheels/*.whl && rm -r /wheels
USER carteggio
ENV CARTEGGIO_HOME=/var/lib/carteggio/instance \
    CARTEGGIO_HOST=0.0.0.0 \
    CARTEGGIO_PORT=8470 \
    PYTHONUNBUFFERED=1
VOLUME /var/lib/carteggio
EXPOSE 8470
ENTRYPOINT ["carteggio"]
CMD ["serve"]
