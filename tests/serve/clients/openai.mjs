// The openai package: chat (whole, streamed, tools, structured output), responses, models, errors.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: process.argv[3], maxRetries: 0 });
const story = [{ role: "user", content: "Tell me a story about a fox." }];
const plain = { model: "demo", temperature: 0, reasoning_effort: "none" };

const models = await client.models.list();
assert.equal(models.data[0].id, "demo");

const whole = await client.chat.completions.create({ ...plain, messages: story });
const text = whole.choices[0].message.content;
assert.ok(text.length > 100);

let streamed = "", usage;
for await (const chunk of await client.chat.completions.create({ ...plain, messages: story, stream: true, stream_options: { include_usage: true } })) {
  streamed += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(streamed, text);
assert.equal(usage.completion_tokens, whole.usage.completion_tokens);

const tools = [{
  type: "function",
  function: {
    name: "get_weather", description: "Get the weather of a city.", strict: true,
    parameters: { type: "object", properties: { city: { type: "string", description: "The city" } }, required: ["city"], additionalProperties: false },
  },
}];
const question = [{ role: "user", content: "What is the weather in Cairo?" }];
const runner = client.chat.completions.stream({ ...plain, messages: question, tools });
const called = await runner.finalChatCompletion();
assert.equal(called.choices[0].finish_reason, "tool_calls");
const call = called.choices[0].message.tool_calls[0];
assert.equal(JSON.parse(call.function.arguments).city, "Cairo");
const second = await client.chat.completions.create({
  ...plain, tools, messages: [...question, called.choices[0].message, { role: "tool", tool_call_id: call.id, content: "Sunny, 31 degrees." }],
});
assert.ok(second.choices[0].message.content);

const person = { type: "object", properties: { age: { type: "integer" }, job: { type: "string" } }, required: ["age", "job"], additionalProperties: false };
const extracted = await client.chat.completions.parse({
  ...plain, messages: [{ role: "user", content: "Extract age, job as JSON: In Prague lives a tailor called Iris, aged 44, who likes dates." }],
  response_format: { type: "json_schema", json_schema: { name: "person", strict: true, schema: person } },
});
assert.deepEqual(Object.keys(JSON.parse(extracted.choices[0].message.content)).sort(), ["age", "job"]);

const response = await client.responses.create({ model: "demo", temperature: 0, reasoning: { effort: "none" }, input: "Tell me a story about a fox." });
assert.equal(response.output_text, text);
const events = client.responses.stream({ model: "demo", temperature: 0, reasoning: { effort: "none" }, input: "Tell me a story about a fox." });
let deltas = "";
events.on("response.output_text.delta", (event) => { deltas += event.delta; });
assert.equal((await events.finalResponse()).output[0].content[0].text, text);
assert.equal(deltas, text);

const completion = await client.completions.create({ model: "demo", prompt: "Long ago, a brave fox", temperature: 0, max_tokens: 8 });
assert.ok(completion.choices[0].text);

await assert.rejects(client.chat.completions.create({ ...plain, messages: story, n: 2 }), (e) => e instanceof OpenAI.BadRequestError && e.param === "n");
await assert.rejects(client.chat.completions.create({ ...plain, model: "other", messages: story }), OpenAI.NotFoundError);
await assert.rejects(new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "wrong", maxRetries: 0 }).models.list(), OpenAI.AuthenticationError);
console.log("openai: good");
