"""sluice doctor: figures, verdicts, and the profile it leaves."""

import json
import os
import subprocess

import program


class Doctor(program.Case):
    def doctor(self, *args, **environment):
        """As --quick --json on a small file of this test's own folder, with a home of its own."""
        env = {**os.environ, "XDG_CONFIG_HOME": "", "HOME": self.folder, **environment}
        return subprocess.run([program.SLUICE, "doctor", "--quick", "--dir", self.folder, "--size", "32M", *args],
                              capture_output=True, timeout=program.TIMEOUT, env=env)

    def profile(self, *folders):
        with open(os.path.join(self.folder, *folders, "sluice", "profile.json")) as file:
            return json.load(file)

    def test_json_profile_and_no_file_left(self):
        done = self.doctor("--json")
        self.assertEqual(done.returncode, 0, done.stderr)
        printed = json.loads(done.stdout)
        self.assertEqual(printed, self.profile(".config"))
        self.assertEqual(printed["version"], 1)
        self.assertGreater(printed["ram"]["gb_s"], 0)
        self.assertTrue(printed["verdicts"])
        kernels = printed["kernels"]
        best = [s["name"] for s in kernels["sets"] if s["supported"]][-1]
        self.assertEqual(kernels["chosen"], best)
        verdict = [v for v in printed["verdicts"] if v.startswith("kernels: ")][0]
        self.assertIn(f"kernels: {best},", verdict)
        for s in kernels["sets"]:
            self.assertEqual(s["needs"] in verdict, not s["supported"], verdict)
        (drive,) = printed["drives"]
        self.assertIn(drive["io"], ("direct", "buffered"))
        best = drive[drive["io"]]
        self.assertIn(best, drive["cells"])
        self.assertGreater(best["gb_s"], 0)
        self.assertEqual(drive["path"], os.path.realpath(self.folder))
        self.assertEqual(os.listdir(self.folder), [".config"])
        self.assertEqual(os.listdir(os.path.join(self.folder, ".config/sluice")), ["profile.json"])

    def test_other_drives_stay_and_this_one_is_replaced(self):
        folder = os.path.join(self.folder, "xdg", "sluice")
        os.makedirs(folder)
        with open(os.path.join(folder, "profile.json"), "w") as out:
            json.dump({"version": 1, "drives": [{"device": "99:99", "path": "/other"}, 7, {"device": 7}]}, out)
        xdg = os.path.join(self.folder, "xdg")
        for _ in range(2):
            self.assertEqual(self.doctor(XDG_CONFIG_HOME=xdg).returncode, 0)
            drives = self.profile("xdg")["drives"]
            self.assertEqual(len(drives), 2)
            self.assertEqual(drives[1], {"device": "99:99", "path": "/other"})

    def test_a_broken_profile_is_replaced(self):
        folder = os.path.join(self.folder, ".config", "sluice")
        os.makedirs(folder)
        with open(os.path.join(folder, "profile.json"), "w") as out:
            out.write("{nonsense")
        self.assertEqual(self.doctor().returncode, 0)
        self.assertEqual(len(self.profile(".config")["drives"]), 1)

    def test_for_a_person_and_not_saved(self):
        done = self.doctor("--no-save")
        self.assertEqual(done.returncode, 0, done.stderr)
        out = done.stdout.decode()
        for words in ("GB/s", "drive: ", "memory: ", "huge pages: ", "use direct" if "GB/s direct" in out else "buffered"):
            self.assertIn(words, out)
        self.assertEqual(done.stderr, b"")
        self.assertEqual(os.listdir(self.folder), [])

    def test_every_backend_reads_a_model(self):
        for backend in ("uring", "pread"):
            with self.subTest(backend=backend):
                done = self.sluice("doctor", "--quick", "--no-save", "--json", "--backend", backend, "-m", program.model())
                if done.returncode != 0 and b"--backend" in done.stderr + b"":
                    continue  # built without it
                self.assertEqual(done.returncode, 0, done.stderr)
                self.assertEqual(json.loads(done.stdout)["drives"][0]["backend"], backend)

    def test_refusals(self):
        self.bad(1, "doctor", "--dir", os.path.join(self.folder, "nowhere"), says="nowhere")
        self.bad(1, "doctor", "-m", os.path.join(self.folder, "nowhere"), says="nowhere")
        self.bad(1, "doctor", "-m", self.folder, says="no file")
        self.bad(2, "doctor", "-m", self.file("small", b"x" * 1000), says="nothing to measure")
        self.bad(1, "doctor", "--dir", self.folder, "--size", "999999T", says="free")
        self.bad(2, "doctor", "--dir", self.folder, "-m", "x", says="--model")
        self.bad(2, "doctor", "--backend", "floppy", says="--backend")
