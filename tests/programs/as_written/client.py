import asyncio

import notebook_http as aiohttp


async def make_request():
    async with aiohttp.ClientSession() as session:
        async with session.get('http://example.com') as response:
            print(await response.text())


asyncio.run(make_request())
