"""Every route, streamed and whole, says the same, and the same as `sluice run`."""

import json
import os

import server

STORY = "Tell me a story about a fox."
WEATHER = {"type": "function", "function": {"name": "get_weather", "description": "Get the weather of a city.", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "description": "The city"},
                                     "unit": {"type": "string", "description": "The unit", "enum": ["celsius", "fahrenheit"]}},
    "required": ["city"]}}}


def user(text, **more):
    return {"messages": [{"role": "user", "content": text}], "temperature": 0, **more}


class Chat(server.Case):
    PATH = "/v1/chat/completions"

    def streamed(self, body):
        """The deltas put together, and the last chunks."""
        events = [data for _, data in self.server.events(self.PATH, body)]
        self.assertEqual(events.pop(), "[DONE]")
        out = {"content": "", "reasoning_content": "", "tool_calls": [], "finish": None, "usage": None}
        for chunk in events:
            self.assertEqual(chunk["object"], "chat.completion.chunk")
            out["usage"] = chunk.get("usage") or out["usage"]
            for choice in chunk["choices"]:
                delta = choice["delta"]
                out["content"] += delta.get("content") or ""
                out["reasoning_content"] += delta.get("reasoning_content") or ""
                out["tool_calls"] += delta.get("tool_calls") or []
                out["finish"] = choice["finish_reason"] or out["finish"]
        return out

    def test_the_same_text_as_run(self):
        text = server.run("run", "-m", os.path.join(server.MODELS, "demo.gguf"), "--no-think", "--temp", "0", "--quiet", STORY).strip()
        answer = self.good(self.PATH, user(STORY, reasoning_effort="none"))
        self.assertEqual(answer["choices"][0]["message"]["content"], text)
        self.assertEqual(answer["choices"][0]["finish_reason"], "stop")
        streamed = self.streamed(user(STORY, reasoning_effort="none", stream_options={"include_usage": True}))
        self.assertEqual(streamed["content"], text)
        self.assertEqual(streamed["finish"], "stop")
        usage = streamed["usage"]
        usage.pop("prompt_tokens_details"), answer["usage"].pop("prompt_tokens_details")
        self.assertEqual(usage, answer["usage"])
        self.assertGreater(usage["completion_tokens"], 40)

    def test_thinking_is_apart_and_ends_at_its_budget(self):
        question = "Sam has 12 apples. Tom gives 7 more. 3 are eaten. How many are there?"
        whole = self.good(self.PATH, user(question))["choices"][0]["message"]
        self.assertTrue(whole["reasoning_content"])
        self.assertTrue(whole["content"])
        self.assertNotIn("think>", whole["content"] + whole["reasoning_content"])
        streamed = self.streamed(user(question))
        self.assertEqual((streamed["content"], streamed["reasoning_content"]), (whole["content"], whole["reasoning_content"]))
        short = self.good(self.PATH, user(question, thinking_budget=3))
        self.assertLess(short["usage"]["completion_tokens_details"]["reasoning_tokens"], 9)
        self.assertTrue(whole["reasoning_content"].startswith(short["choices"][0]["message"].get("reasoning_content", "")))
        self.assertTrue(short["choices"][0]["message"]["content"])
        for off in ({"chat_template_kwargs": {"enable_thinking": False}}, {"enable_thinking": False}, {"reasoning_effort": "none"}):
            self.assertNotIn("reasoning_content", self.good(self.PATH, user(question, **off))["choices"][0]["message"])

    def test_a_call_and_its_result(self):
        body = user("What is the weather in Cairo?", tools=[WEATHER], reasoning_effort="none")
        choice = self.good(self.PATH, body)["choices"][0]
        self.assertEqual(choice["finish_reason"], "tool_calls")
        call = choice["message"]["tool_calls"][0]
        self.assertEqual(call["function"]["name"], "get_weather")
        self.assertEqual(json.loads(call["function"]["arguments"])["city"], "Cairo")
        streamed = self.streamed(body)
        self.assertEqual(streamed["finish"], "tool_calls")
        self.assertEqual(streamed["tool_calls"][0]["function"], call["function"])
        self.assertEqual(streamed["tool_calls"][0]["index"], 0)
        body["messages"] += [choice["message"], {"role": "tool", "tool_call_id": call["id"], "content": "Sunny, 31 degrees."}]
        second = self.good(self.PATH, body)["choices"][0]
        self.assertTrue(second["message"]["content"])

    def test_calls_as_they_are_asked_for(self):
        body = user("What is the weather in Cairo?", tools=[WEATHER], reasoning_effort="none")
        none = self.good(self.PATH, {**body, "tool_choice": "none"})["choices"][0]
        self.assertNotIn("tool_calls", none["message"])
        self.assertEqual(none["finish_reason"], "stop")
        for choice in ("required", {"type": "function", "function": {"name": "get_weather"}}):
            hello = user("Hello!", tools=[WEATHER], reasoning_effort="none", tool_choice=choice)
            call = self.good(self.PATH, hello)["choices"][0]["message"]["tool_calls"][0]["function"]
            self.assertEqual(call["name"], "get_weather")
            self.assertIsInstance(json.loads(call["arguments"])["city"], str)
        error = self.refused(400, self.PATH, {**body, "tool_choice": {"type": "function", "function": {"name": "nothing"}}})
        self.assertEqual(error["param"], "tool_choice")
        one = self.good(self.PATH, {**body, "parallel_tool_calls": False})
        self.assertEqual(len(one["choices"][0]["message"]["tool_calls"]), 1)

    def test_json_that_fits_its_schema(self):
        schema = {"type": "object", "properties": {"age": {"type": "integer"}, "job": {"type": "string", "maxLength": 12}},
                  "required": ["age", "job"], "additionalProperties": False}
        text = "Extract age, job as JSON: In Prague lives a tailor called Iris, aged 44, who likes dates."
        for thinking in (False, True):
            answer = self.good(self.PATH, user(text, enable_thinking=thinking, response_format={
                "type": "json_schema", "json_schema": {"name": "person", "strict": True, "schema": schema}}))
            got = json.loads(answer["choices"][0]["message"]["content"])
            self.assertEqual(set(got), {"age", "job"})
            self.assertIsInstance(got["age"], int)
        free = self.good(self.PATH, user("Hello!", enable_thinking=False, max_tokens=60, response_format={"type": "json_object"}))
        self.assertIsInstance(json.loads(free["choices"][0]["message"]["content"]), dict)

    def test_stop_length_and_seed(self):
        story = self.good(self.PATH, user(STORY, reasoning_effort="none"))["choices"][0]["message"]["content"]
        stop = story[30:34]
        cut = self.good(self.PATH, user(STORY, reasoning_effort="none", stop=[stop]))["choices"][0]
        self.assertEqual(cut["message"]["content"], story[:story.index(stop)])
        self.assertEqual(cut["finish_reason"], "stop")
        short = self.good(self.PATH, user(STORY, reasoning_effort="none", max_completion_tokens=5))
        self.assertEqual(short["choices"][0]["finish_reason"], "length")
        self.assertEqual(short["usage"]["completion_tokens"], 5)
        drawn = [self.good(self.PATH, user(STORY, reasoning_effort="none", temperature=1.5, seed=seed, max_tokens=40))["choices"][0]["message"]["content"]
                 for seed in (1, 1, 2)]
        self.assertEqual(drawn[0], drawn[1])
        self.assertNotEqual(drawn[0], drawn[2])

    def test_log_probabilities(self):
        answer = self.good(self.PATH, user(STORY, reasoning_effort="none", max_tokens=8, logprobs=True, top_logprobs=3))
        content = answer["choices"][0]["logprobs"]["content"]
        self.assertEqual("".join(entry["token"] for entry in content), answer["choices"][0]["message"]["content"])
        for entry in content:
            self.assertLessEqual(entry["logprob"], 0)
            self.assertEqual(len(entry["top_logprobs"]), 3)
            self.assertEqual(entry["top_logprobs"][0]["token"], entry["token"])  # greedy
            self.assertEqual(bytes(entry["bytes"]).decode(), entry["token"])
        plain = self.good(self.PATH, user(STORY, reasoning_effort="none", max_tokens=8))
        self.assertIsNone(plain["choices"][0]["logprobs"])
        self.assertEqual(plain["choices"][0]["message"], answer["choices"][0]["message"])

    def test_penalties_change_the_answer(self):
        plain = self.good(self.PATH, user(STORY, reasoning_effort="none"))["choices"][0]["message"]["content"]
        for name, value in (("frequency_penalty", 2), ("presence_penalty", 2), ("repetition_penalty", 2)):
            other = self.good(self.PATH, user(STORY, reasoning_effort="none", max_tokens=200, **{name: value}))
            self.assertNotEqual(other["choices"][0]["message"]["content"], plain, name)

    def test_what_cannot_be_honoured_is_refused(self):
        for field, value in {"n": 2, "logit_bias": {"5": 1}, "functions": [{}], "audio": {"voice": "x"}, "modalities": ["audio"], "top_logprobs": 3,
                             "temperature": 101, "temperature ": 1, "nonsense": 1, "max_tokens": -1, "stop": [""], "messages": [], "model": "gpt-4",
                             "chat_template_kwargs": {"messages": []}, "tools": [{"type": "web_search"}], "web_search_options": {"a": 1}}.items():
            body = {**user("Hello"), field: value}
            status, answer = self.server.post(self.PATH, body)
            self.assertEqual(status, 404 if field == "model" else 400, (field, answer))
            self.assertIn(field.strip(), str(answer["error"]["param"]) + answer["error"]["message"])
        for content in ([{"type": "image_url", "image_url": {"url": "file:///etc/passwd"}}], 5, [5], [{"type": "text"}]):
            self.refused(400, self.PATH, {"messages": [{"role": "user", "content": content}]}, "messages[0].content")
        self.refused(400, self.PATH, {"messages": [{"role": "robot", "content": ""}]}, "messages[0].role")
        long = "word " * 20000
        self.refused(400, self.PATH, user(long), "the context holds")

    def test_metadata_is_accepted_and_history_used(self):
        history = [{"role": "developer", "content": [{"type": "text", "text": "Answer briefly."}]}, {"role": "user", "content": "Ruby owns the golden stone."},
                   {"role": "assistant", "content": "I see."}, {"role": "user", "content": "What does Ruby own?", "name": "tom"}]
        answer = self.good(self.PATH, {"messages": history, "temperature": 0, "enable_thinking": False, "user": "x", "metadata": {"a": "b"}, "store": True})
        alone = self.good(self.PATH, {"messages": history[3:], "temperature": 0, "enable_thinking": False})
        self.assertGreater(answer["usage"]["prompt_tokens"], alone["usage"]["prompt_tokens"] + 10)

    def test_what_a_user_types_is_never_markup(self):
        plain = self.good(self.PATH, user("x", max_tokens=1))["usage"]["prompt_tokens"]
        typed = self.good(self.PATH, user("<|im_end|>", max_tokens=1))["usage"]["prompt_tokens"]
        self.assertGreater(typed, plain + 2)


class OtherRoutes(server.Case):
    def test_completions(self):
        path, body = "/v1/completions", {"prompt": "Long ago, a brave fox", "temperature": 0, "max_tokens": 12}
        whole = self.good(path, body)
        text = server.run("run", "-m", os.path.join(server.MODELS, "demo.gguf"), "--raw", "--temp", "0", "-n", "12", "--quiet", body["prompt"])
        self.assertEqual(whole["choices"][0]["text"], text.rstrip("\n"))
        self.assertEqual(whole["choices"][0]["finish_reason"], "length")
        events = [data for _, data in self.server.events(path, body)]
        self.assertEqual(events.pop(), "[DONE]")
        self.assertEqual("".join(chunk["choices"][0]["text"] for chunk in events), whole["choices"][0]["text"])
        self.assertEqual(self.good(path, {**body, "echo": True})["choices"][0]["text"], body["prompt"] + whole["choices"][0]["text"])
        chances = self.good(path, {**body, "logprobs": 2})["choices"][0]["logprobs"]
        self.assertEqual("".join(chances["tokens"]), whole["choices"][0]["text"])
        self.assertEqual(len(chances["top_logprobs"][0]), 2)
        for field, value in {"suffix": "x", "best_of": 3, "prompt": ["a", "b"], "n": 2, "tools": [1]}.items():
            self.refused(400, path, {**body, field: value}, field)

    def test_responses(self):
        path = "/v1/responses"
        body = {"input": STORY, "temperature": 0, "reasoning": {"effort": "none"}}
        chat = self.good("/v1/chat/completions", user(STORY, reasoning_effort="none"))["choices"][0]["message"]["content"]
        whole = self.good(path, body)
        self.assertEqual(whole["status"], "completed")
        self.assertEqual(whole["output"][0]["content"][0]["text"], chat)
        events = self.server.events(path, body)
        self.assertEqual([data["sequence_number"] for _, data in events], list(range(len(events))))
        self.assertTrue(all(name == data["type"] for name, data in events))
        self.assertEqual("".join(data["delta"] for name, data in events if name == "response.output_text.delta"), chat)
        last = events[-1][1]["response"]
        self.assertEqual(last["output"][0]["content"], whole["output"][0]["content"])
        tool = {"type": "function", **WEATHER["function"]}
        asked = {"input": [{"role": "user", "content": [{"type": "input_text", "text": "What is the weather in Cairo?"}]}], "tools": [tool],
                 "temperature": 0, "reasoning": {"effort": "none"}}
        call = [item for item in self.good(path, asked)["output"] if item["type"] == "function_call"][0]
        self.assertEqual(json.loads(call["arguments"])["city"], "Cairo")
        asked["input"] += [call, {"type": "function_call_output", "call_id": call["call_id"], "output": "Sunny, 31 degrees."}]
        self.assertEqual(self.good(path, asked)["output"][-1]["type"], "message")
        thinking = self.good(path, {"input": "Sam has 12 apples. Tom gives 7 more. How many are there?", "temperature": 0})
        self.assertEqual([item["type"] for item in thinking["output"]], ["reasoning", "message"])
        for field, value in {"previous_response_id": "resp_1", "background": True, "conversation": "c", "include": ["x"], "truncation": "auto"}.items():
            self.refused(400, path, {**body, field: value}, field)

    def test_messages(self):
        path = "/v1/messages"
        body = {"model": "demo", "max_tokens": 300, "temperature": 0, "messages": [{"role": "user", "content": STORY}]}
        chat = self.good("/v1/chat/completions", user(STORY, reasoning_effort="none"))["choices"][0]["message"]["content"]
        whole = self.good(path, body)
        self.assertEqual(whole["content"], [{"type": "text", "text": chat}])
        self.assertEqual(whole["stop_reason"], "end_turn")
        events = self.server.events(path, body)
        self.assertEqual("".join(d["delta"]["text"] for n, d in events if n == "content_block_delta"), chat)
        names = [name for name, _ in events if name != "ping"]
        self.assertEqual(names[:2] + names[-3:], ["message_start", "content_block_start", "content_block_stop", "message_delta", "message_stop"])
        stopped = self.good(path, {**body, "stop_sequences": [chat[20:24]]})
        self.assertEqual((stopped["stop_reason"], stopped["stop_sequence"]), ("stop_sequence", chat[20:24]))
        self.assertEqual(self.good(path, {**body, "max_tokens": 3})["stop_reason"], "max_tokens")
        tool = {"name": "get_weather", "description": "Get the weather of a city.", "input_schema": WEATHER["function"]["parameters"]}
        asked = {**body, "tools": [tool], "messages": [{"role": "user", "content": "What is the weather in Cairo?"}]}
        answer = self.good(path, asked)
        self.assertEqual(answer["stop_reason"], "tool_use")
        use = answer["content"][-1]
        self.assertEqual((use["name"], use["input"]["city"]), ("get_weather", "Cairo"))
        asked["messages"] += [{"role": "assistant", "content": answer["content"]},
                              {"role": "user", "content": [{"type": "tool_result", "tool_use_id": use["id"], "content": "Sunny, 31 degrees."}]}]
        self.assertEqual(self.good(path, asked)["content"][-1]["type"], "text")
        thinking = self.good(path, {**body, "messages": [{"role": "user", "content": "Sam has 12 apples. Tom gives 7 more. How many are there?"}],
                                    "thinking": {"type": "enabled", "budget_tokens": 100}})
        self.assertEqual([block["type"] for block in thinking["content"]], ["thinking", "text"])
        for field, value in {"max_tokens": None, "temperature": 2, "mcp_servers": [1], "nonsense": 1, "model": "claude-3"}.items():
            status, answer = self.server.post(path, {**body, field: value})
            self.assertEqual((status, answer["type"]), (404 if field == "model" else 400, "error"), (field, answer))
        self.refused(400, path, {**body, "messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]}, "image")
        self.refused(400, path, {**body, "messages": body["messages"] + [{"role": "assistant", "content": "Once"}]}, "last message")

    def test_models_health_and_metrics(self):
        models = json.loads(self.server.ask("GET", "/v1/models")[2])
        self.assertEqual(models["data"][0]["id"], "demo")
        self.assertEqual(json.loads(self.server.ask("GET", "/health")[2]), {"status": "ok"})
        self.good("/v1/completions", {"prompt": "a", "max_tokens": 2})
        text = self.server.ask("GET", "/metrics")[2].decode()
        for line in text.splitlines():
            self.assertRegex(line, r"^(# (HELP|TYPE) sluice_\w+ .+|sluice_\w+ [-0-9.e+]+)$")
        self.assertGreater(self.server.metrics()["generated_tokens_total"], 0)
        for path in ("/v1/models", "/health", "/metrics"):
            status, headers, body = self.server.ask("HEAD", path)
            self.assertEqual((status, body), (200, b""), path)
            self.assertEqual(self.server.ask("OPTIONS", path)[0], 204)
            self.assertNotIn("Access-Control-Allow-Origin", headers)
            self.assertEqual(self.server.ask("POST", path, {})[0], 405)
        self.assertEqual(self.server.ask("GET", "/v1/chat/completions")[0], 405)

    def test_a_conversation_goes_on_where_it_stands(self):
        first = self.good("/v1/completions", {"prompt": "Once upon a time there was", "temperature": 0, "max_tokens": 8})
        longer = "Once upon a time there was" + first["choices"][0]["text"] + " And then"
        before = self.server.metrics()["reused_tokens_total"]
        second = self.good("/v1/completions", {"prompt": longer, "temperature": 0, "max_tokens": 8})
        other = self.good("/v1/completions", {"prompt": "Another", "temperature": 0, "max_tokens": 1})
        fresh_server = server.Server()
        fresh = fresh_server.post("/v1/completions", {"prompt": longer, "temperature": 0, "max_tokens": 8})[1]
        self.assertEqual(fresh_server.stop(), 0)
        fresh_server.process.stderr.close()
        self.assertEqual(second["choices"][0]["text"], fresh["choices"][0]["text"])
        self.assertEqual(fresh["usage"]["prompt_tokens_details"]["cached_tokens"], 0)
        self.assertEqual(other["usage"]["prompt_tokens_details"]["cached_tokens"], 0)
        cached = second["usage"]["prompt_tokens_details"]["cached_tokens"]
        self.assertGreaterEqual(self.server.metrics()["reused_tokens_total"] - before, cached)
