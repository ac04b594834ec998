"""The yardstick of request rates: FastAPI with one route and nothing else, served as steward serves itself."""

import asyncio
import sys

import uvicorn
import uvloop
from fastapi import FastAPI

app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)


@app.get("/hello")
async def hello() -> dict[str, str]:
    return {"hello": "world"}


async def serve(port: int) -> None:
    settings = uvicorn.Config(
        app, host="127.0.0.1", port=port, http="httptools", access_log=False, log_config=None, lifespan="off"
    )
    await uvicorn.Server(settings).serve()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(serve(int(sys.argv[1])))
