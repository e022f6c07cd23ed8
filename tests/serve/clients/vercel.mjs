// The Vercel AI SDK (ai, @ai-sdk/openai-compatible): text, streams, reasoning, tools over several steps, objects.
import assert from "node:assert/strict";
import { createOpenAICompatible } from "@ai-sdk/openai-compatible";
import { generateObject, generateText, stepCountIs, streamText, tool } from "ai";
import { z } from "zod";

const provider = createOpenAICompatible({ name: "sluice", baseURL: process.argv[2] + "/v1", apiKey: process.argv[3], includeUsage: true, supportsStructuredOutputs: true });
const model = provider("demo");
const quiet = { providerOptions: { sluice: { reasoningEffort: "none" } } };

const whole = await generateText({ model, prompt: "Tell me a story about a fox.", temperature: 0, maxRetries: 0, ...quiet });
assert.ok(whole.text.length > 100);
const stream = streamText({ model, prompt: "Tell me a story about a fox.", temperature: 0, maxRetries: 0, ...quiet });
let text = "";
for await (const delta of stream.textStream) text += delta;
assert.equal(text, whole.text);
assert.equal((await stream.usage).outputTokens, whole.usage.outputTokens);

const thought = await generateText({ model, prompt: "Sam has 12 apples. Tom gives 7 more. How many are there?", temperature: 0, maxRetries: 0 });
assert.ok(thought.reasoningText.length > 0);

const asked = [];
const get_weather = tool({
  description: "Get the weather of a city.", inputSchema: z.object({ city: z.string().describe("The city") }),
  execute: async ({ city }) => { asked.push(city); return "Sunny, 31 degrees."; },
});
const steps = await generateText({ model, prompt: "What is the weather in Cairo?", tools: { get_weather }, stopWhen: stepCountIs(2), temperature: 0, maxRetries: 0, ...quiet });
assert.equal(asked[0], "Cairo");
assert.equal(steps.steps.length, 2);

const { object } = await generateObject({
  model, prompt: "Extract age, job as JSON: In Prague lives a tailor called Iris, aged 44, who likes dates.", schema: z.object({ age: z.number().int(), job: z.string() }), temperature: 0, maxRetries: 0, ...quiet,
});
assert.equal(typeof object.age, "number");
console.log("vercel: good");
