"""Several requests at once: each answer is the one it would have been alone."""

import threading

import server
from network_test import ENDLESS, PATH, request
from routes_test import user

TEXTS = ("Tell me a story about a fox.", "What is the weather in Cairo?", "Sam has 12 apples. Tom gives 7 more. How many are there?",
         "Write a poem about the sea.", "Tell me a story about a bear.", "Say hello.")


class Parallel(server.Case):
    args = ("--parallel", "4", "--ctx", "8192")

    def asked(self, i):
        return user(TEXTS[i], max_tokens=60 + 5 * i, enable_thinking=False, temperature=0.8 if i % 2 else 0, seed=i)

    def message(self, i):
        return self.good(PATH, self.asked(i))["choices"][0]["message"]

    def test_each_as_if_alone(self):
        alone = [self.message(i) for i in range(len(TEXTS))]
        before = self.server.metrics()
        got = [None] * (3 * len(TEXTS))

        def ask(i):
            got[i] = self.message(i % len(TEXTS))

        threads = [threading.Thread(target=ask, args=(i,)) for i in range(len(got))]
        for each in threads:
            each.start()
        for each in threads:
            each.join()
        for i, message in enumerate(got):
            want = alone[i % len(TEXTS)]
            self.assertEqual(message["content"], want["content"])
            self.assertEqual([c["function"] for c in message.get("tool_calls") or []], [c["function"] for c in want.get("tool_calls") or []])
        after = self.server.metrics()
        passes, tokens = (after[n] - before[n] for n in ("decode_passes_total", "decode_pass_tokens_total"))
        self.assertGreater(tokens, 1.3 * passes)
        self.assertEqual(after["requests_at_once"], 4)

    def test_a_long_prompt_stops_nobody(self):
        running = self.server.raw(request(ENDLESS))
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 1 and m["generated_tokens_total"] > 0, 20))
        long = user("The fox and the old woman walked to the river. " * 300, max_tokens=1)
        before = self.server.metrics()["generated_tokens_total"]
        answer = self.good(PATH, long)
        self.assertGreater(answer["usage"]["prompt_tokens"], 1000)
        self.assertGreater(self.server.metrics()["generated_tokens_total"] - before, 10)
        running.close()
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 0, 20))

    def test_one_that_goes_leaves_the_others(self):
        alone = self.message(0)
        others = [self.server.raw(request(ENDLESS)) for _ in range(3)]
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 3, 20))
        closing = threading.Timer(0.05, lambda: [each.close() for each in others])
        closing.start()
        self.assertEqual(self.message(0), {**alone})
        closing.join()
        self.assertTrue(self.server.wait_for(lambda m: m["requests_running"] == 0, 20))
