from notebook_http import web


async def middleware_handler(request, handler):
    print('Before request')
    response = await handler(request)
    print('After request')
    return response


async def handle(request):
    return web.Response(text='Hello, world')


app = web.Application(middlewares=[middleware_handler])
app.router.add_get('/', handle)
web.run_app(app)
