"""sluice pack: makes a pack, goes on after a kill, and says which record is bad."""

import contextlib
import os
import signal
import subprocess
import time

import program


def contents(folder):
    out = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), "rb") as file:
            out[name] = file.read()
    return out


def flip(path, offset):
    with open(path, "r+b") as file:
        file.seek(offset)
        byte = file.read(1)[0]
        file.seek(offset)
        file.write(bytes([byte ^ 1]))


class Pack(program.Case):
    def pack(self, name, *args):
        out = os.path.join(self.folder, name)
        done = self.sluice("pack", "-m", program.model(), "--out", out, *args)
        self.assertEqual((done.returncode, done.stdout), (0, b""), done.stderr)
        return out

    def started(self, out):
        return program.start("pack", "-m", program.model(), "--out", out)

    @contextlib.contextmanager
    def small_disk(self, megabytes):
        """A folder on a disk of its own; None where we may not mount one."""
        disk = os.path.join(self.folder, "disk")
        os.mkdir(disk)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "none", disk], capture_output=True)
        if mounted.returncode != 0:
            yield None
            return
        try:
            yield disk
        finally:
            subprocess.run(["umount", disk], check=True)

    def test_runs_as_the_original(self):
        out = self.pack("p", "--verify")
        self.assertNotIn("pack.plan", os.listdir(out))
        args = ("-n", "12", "--temp", "0", "--ignore-eos", "--json", "--memory", "200M", "Tell me a story about a fox.")
        one, other = (self.json("run", "-m", model, *args) for model in (program.model(), out))
        self.assertEqual(one["tokens"], other["tokens"])
        info = self.json("inspect", "-m", out, "--json")
        self.assertEqual((info["container"], info["files"]), ("pack of gguf", 1 + info["layers"]))
        self.assertEqual(self.good("tokenize", "-m", out, "a fox"), self.good("tokenize", "a fox"))
        again = self.sluice("pack", "-m", program.model(), "--out", out)
        self.assertEqual(again.returncode, 0)
        self.assertIn(b"finished before", again.stderr)

    def test_layouts(self):
        out = self.pack("p", "--layout", "single")
        self.assertIn("experts.bin", os.listdir(out))
        self.bad(2, "pack", "-m", program.model(), "--out", out + "2", "--layout", "zip", says="these are: record, single")
        self.bad(2, "pack", "-m", program.model(), "--out", out, says="in another layout")

    def test_verify_names_the_bad_record(self):
        out = self.pack("p")
        self.assertEqual(self.sluice("pack", "--verify", out).returncode, 0)
        self.assertEqual(self.sluice("pack", "-m", out, "--verify").returncode, 0)
        path = os.path.join(out, "layer-003.bin")
        record = os.path.getsize(path) // 32
        flip(path, 17 * record + 100)
        flip(path, 20 * record)
        message = self.bad(1, "pack", "--verify", out, says="layer 3 expert 17")
        self.assertIn("layer-003.bin", message)
        self.assertIn(f"at offset {17 * record} ", message)
        flip(path, 17 * record + 100)
        self.bad(1, "pack", "-m", out, "--verify", says="layer 3 expert 20")
        os.truncate(path, record)
        for command in (("pack", "--verify", out), ("inspect", "-m", out)):
            self.bad(1, *command, says="layer-003.bin")

    def test_kill_and_go_on(self):
        whole, out = self.pack("whole"), os.path.join(self.folder, "p")
        journal, plan = os.path.join(out, "pack.journal"), os.path.join(out, "pack.plan")
        sums = 8 * 32 + 2  # pieces: eight layers of 32 experts, and the trunk
        landed = []
        for share in (-1, 0, 0.1, 0.3, 0.5, 0.7, 0.9):
            running = self.started(out)
            wanted = journal if share >= 0 else plan
            while running.poll() is None:
                with contextlib.suppress(FileNotFoundError):
                    if os.path.getsize(wanted) >= share * 8 * sums:
                        break
            running.kill()
            running.communicate(timeout=program.TIMEOUT)
            if os.path.exists(os.path.join(out, "pack.index")):
                break  # it was faster
            landed.append(os.path.getsize(journal) if os.path.exists(journal) else 0)
            if os.path.exists(plan):
                self.bad(1, "inspect", "-m", out, says="pack not finished: run sluice pack again")
        self.assertGreater(len(landed), 1, "no kill landed in time")
        self.assertEqual(self.pack("p"), out)
        self.assertEqual(contents(out), contents(whole))

    def test_interrupt_and_go_on(self):
        whole, out = self.pack("whole"), os.path.join(self.folder, "p")
        running = self.started(out)
        while running.poll() is None and not os.path.exists(os.path.join(out, "pack.journal")):
            time.sleep(0.001)
        running.send_signal(signal.SIGINT)
        _, errors = running.communicate(timeout=program.TIMEOUT)
        if running.returncode != 0:  # 0: it was faster
            self.assertEqual(running.returncode, 130)
            self.assertEqual(errors.decode(), f"sluice: error: {out}: stopped; the same command goes on from here\n")
            self.bad(2, "pack", "-m", program.model(), "--out", out, "--layout", "single", says="unfinished pack")
        self.pack("p")
        self.assertEqual(contents(out), contents(whole))

    def test_full_disk(self):
        with self.small_disk(8) as disk:
            if disk is None:
                self.skipTest("SKIPPED: no right to mount a small disk; the full disk is untested")
            message = self.bad(1, "pack", "-m", program.model(), "--out", os.path.join(disk, "a", "p"), says="needs 0.0 GB (3")
            self.assertIn("the disk has room for", message)
            self.assertEqual(os.listdir(disk), [])

    def test_refusals(self):
        foreign = os.path.join(self.folder, "foreign")
        os.mkdir(foreign)
        self.file("foreign/x", "x")
        self.bad(2, "pack", "-m", program.model(), "--out", foreign, says="no pack in it (x)")
        self.bad(2, "pack", "-m", program.model(), "--out", program.MODELS, says="the model itself is there")
        self.bad(2, "pack", "-m", program.model(), says="--out DIR")
        self.bad(2, "pack", "--out", foreign, says="-m MODEL")
        self.bad(2, "pack", foreign, says="--verify")
        self.bad(2, "pack", "--verify", foreign, "-m", program.model(), says="excludes")
        self.bad(1, "pack", "--verify", foreign, says="no pack")
        self.bad(1, "pack", "--verify", foreign + "2", says="no pack")
        self.bad(1, "pack", "-m", foreign + "2", "--out", foreign + "3", says="foreign2")
        out = self.pack("p")
        self.bad(1, "pack", "-m", out, "--out", out + "2", says="a pack already")
