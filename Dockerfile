# An image with Onebook in it and nothing to build: `docker build --tag onebook .`
FROM python:3.13-slim AS build
RUN python -m venv /venv
WORKDIR /source
COPY requirements/runtime.lock requirements/
RUN /venv/bin/pip install --no-cache-dir --require-hashes --requirement requirements/runtime.lock
COPY . .
RUN /venv/bin/pip install --no-cache-dir --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 onebook && install --directory --owner onebook /data
COPY --from=build /venv /venv
ENV PATH="/venv/bin:$PATH" ONEBOOK_DATA=/data
USER onebook
WORKDIR /data
VOLUME /data
EXPOSE 8000
ENTRYPOINT ["onebook"]
CMD ["serve", "--host", "0.0.0.0"]
