/** A server that speaks the protocol of OpenAI: chat, streamed or not, and embeddings. What it does is told by the name of the model. */
import { once } from 'node:events';
import { createServer } from 'node:http';

/** @returns {Promise<{ url: string, requests: { path: string, body: object, closed: Promise<number> }[], close(): Promise<void> }>} `closed`: when its connection was cut. */
export async function openaiServer() {
  const requests = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const piece of request) text += piece;
    const body = JSON.parse(text);
    const closed = new Promise((resolve) => { response.on('close', () => { if (!response.writableEnded) resolve(performance.now()); }); });
    requests.push({ path: request.url, body, closed });
    const times = requests.filter((one) => one.body.model === body.model).length;
    if (body.model.startsWith('busy') && times === 1) {
      response.writeHead(429, { 'content-type': 'application/json', 'retry-after-ms': '1' }).end(JSON.stringify({ error: { message: 'too many', type: 'rate_limit' } }));
    } else if (body.model.startsWith('silent')) {
      response.flushHeaders(); // and nothing more
    } else if (request.url === '/v1/embeddings') {
      const data = body.input.map((each, index) => ({ object: 'embedding', index, embedding: [each.length, /refund/i.test(each) ? 100 : 1, 1] }));
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify({ object: 'list', data, model: body.model, usage: { prompt_tokens: 1, total_tokens: 1 } }));
    } else {
      await chat(body, response);
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}/v1`,
    requests,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => { server.close(resolve); });
    },
  };
}

async function chat({ model, messages, stream, tools }, response) {
  const common = { id: 'chat-1', created: 1, model };
  if (!stream) {
    const isAsked = tools && messages.at(-1).role === 'user';
    const message = isAsked
      ? { role: 'assistant', content: null, tool_calls: [{ id: 'call-1', type: 'function', function: { name: tools[0].function.name, arguments: JSON.stringify({ query: 'refund' }) } }] }
      : { role: 'assistant', content: 'done' };
    const body = { ...common, object: 'chat.completion', choices: [{ index: 0, message, finish_reason: isAsked ? 'tool_calls' : 'stop' }], usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    return;
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  const send = (delta, finish_reason = null) => response.write(`data: ${JSON.stringify({ ...common, object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason }] })}\n\n`);
  for (const content of ['Customers ', 'want refunds ', '[1].']) {
    send({ role: 'assistant', content });
    if (model === 'hanging') return;
    await new Promise(setImmediate);
  }
  send({}, 'stop');
  response.end('data: [DONE]\n\n');
}
