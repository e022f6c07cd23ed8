// @anthropic-ai/sdk: messages, whole and streamed, tools, thinking, errors.
import assert from "node:assert/strict";
import Anthropic from "@anthropic-ai/sdk";

const client = new Anthropic({ baseURL: process.argv[2], apiKey: process.argv[3], maxRetries: 0 });
const plain = { model: "demo", max_tokens: 400, temperature: 0 };
const story = [{ role: "user", content: "Tell me a story about a fox." }];

const whole = await client.messages.create({ ...plain, messages: story });
assert.equal(whole.stop_reason, "end_turn");
const stream = client.messages.stream({ ...plain, messages: story });
let text = "";
stream.on("text", (delta) => { text += delta; });
const last = await stream.finalMessage();
assert.equal(text, whole.content[0].text);
assert.deepEqual(last.content.map((block) => block.type), ["text"]);
assert.equal(last.usage.output_tokens, whole.usage.output_tokens);

const tools = [{ name: "get_weather", description: "Get the weather of a city.", input_schema: { type: "object", properties: { city: { type: "string", description: "The city" } }, required: ["city"] } }];
const question = [{ role: "user", content: "What is the weather in Cairo?" }];
const called = await client.messages.stream({ ...plain, messages: question, tools }).finalMessage();
assert.equal(called.stop_reason, "tool_use");
const use = called.content.find((block) => block.type === "tool_use");
assert.deepEqual([use.name, use.input.city], ["get_weather", "Cairo"]);
const second = await client.messages.create({
  ...plain, tools, messages: [...question, { role: "assistant", content: called.content }, { role: "user", content: [{ type: "tool_result", tool_use_id: use.id, content: "Sunny, 31 degrees." }] }],
});
assert.equal(second.content.at(-1).type, "text");
const forced = await client.messages.create({ ...plain, tools, tool_choice: { type: "any" }, messages: [{ role: "user", content: "Hello!" }] });
assert.equal(forced.stop_reason, "tool_use");

const thinking = await client.messages.stream({
  ...plain, thinking: { type: "enabled", budget_tokens: 1024 }, max_tokens: 2000, messages: [{ role: "user", content: "Sam has 12 apples. Tom gives 7 more. How many are there?" }],
}).finalMessage();
assert.deepEqual(thinking.content.map((block) => block.type), ["thinking", "text"]);
assert.ok(thinking.content[0].thinking.length > 0);

await assert.rejects(client.messages.create({ ...plain, model: "claude-3", messages: story }), Anthropic.NotFoundError);
await assert.rejects(new Anthropic({ baseURL: process.argv[2], apiKey: "wrong", maxRetries: 0 }).messages.create({ ...plain, messages: story }), Anthropic.AuthenticationError);
console.log("anthropic: good");
