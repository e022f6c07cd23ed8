"""Reads the tensors of a GGUF file of the formats that the demo model has: F32, F16, BF16, Q4_K, Q6_K. numpy only."""
import struct

import numpy as np

SIZES = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
CODES = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


def q4_k(data):
    b = np.frombuffer(data, np.uint8).reshape(-1, 144)
    d, dmin = (b[:, i:i + 2].copy().view(np.float16).astype(np.float32) for i in (0, 2))
    s = b[:, 4:16]
    low, high = s[:, :4], s[:, 4:8]
    scale = np.concatenate([low & 63, (s[:, 8:] & 15) | (low >> 6 << 4)], 1)
    least = np.concatenate([high & 63, (s[:, 8:] >> 4) | (high >> 6 << 4)], 1)
    q = b[:, 16:].reshape(-1, 4, 1, 32)
    q = np.concatenate([q & 15, q >> 4], 2).reshape(-1, 8, 32).astype(np.float32)
    return (d * scale)[..., None] * q - (dmin * least)[..., None]


def q6_k(data):
    b = np.frombuffer(data, np.uint8).reshape(-1, 210)
    low, high = b[:, :128].reshape(-1, 2, 2, 32), b[:, 128:192].reshape(-1, 2, 1, 32)
    scale = b[:, 192:208].view(np.int8).astype(np.float32)
    d = b[:, 208:].copy().view(np.float16).astype(np.float32)
    q = np.concatenate([low & 15, low >> 4], 2)  # [blocks, half, quarter, 32]
    q = q | (((high >> np.array([0, 2, 4, 6], np.uint8)[:, None]) & 3) << 4)
    q = q.astype(np.float32) - 32
    return q.reshape(-1, 16, 16) * (d * scale)[..., None]


def bf16(data):
    return (np.frombuffer(data, np.uint16).astype(np.uint32) << 16).view(np.float32)


FORMATS = {0: (1, 4, lambda d: np.frombuffer(d, np.float32)), 1: (1, 2, lambda d: np.frombuffer(d, np.float16).astype(np.float32)),
           12: (256, 144, q4_k), 14: (256, 210, q6_k), 30: (1, 2, bf16)}


class Gguf:
    """values: metadata by key. infos: name -> (shape, slowest first; type; offset in the data section). head: the bytes between
    the counts and the tensor infos, for those who write a file like this one."""

    def __init__(self, path):
        self.blob = open(path, "rb").read()
        magic, version, tensors, values = struct.unpack_from("<4sIQQ", self.blob)
        assert magic == b"GGUF" and version == 3
        self.at, self.values, self.infos, self.value_count = 24, {}, {}, values
        self.spans = {}  # key -> (begin, end) of its bytes in the file
        for _ in range(values):
            begin = self.at
            key = self.text()
            self.values[key] = self.value(self.number("I", 4))
            self.spans[key] = (begin, self.at)
        for _ in range(tensors):
            name, dims = self.text(), self.number("I", 4)
            shape = [self.number("Q", 8) for _ in range(dims)][::-1]
            self.infos[name] = (shape, self.number("I", 4), self.number("Q", 8))
        alignment = self.values.get("general.alignment", 32)
        self.data = (self.at + alignment - 1) // alignment * alignment
        self.alignment = alignment

    def number(self, code, size):
        value = struct.unpack_from("<" + code, self.blob, self.at)[0]
        self.at += size
        return value

    def text(self):
        n = self.number("Q", 8)
        self.at += n
        return self.blob[self.at - n:self.at].decode("utf-8", "surrogateescape")

    def value(self, kind):
        if kind == 8:
            return self.text()
        if kind == 9:
            kind, n = self.number("I", 4), self.number("Q", 8)
            return [self.value(kind) for _ in range(n)]
        return self.number(CODES[kind], SIZES[kind])

    def bytes_of(self, name):
        shape, kind, offset = self.infos[name]
        block, size, _ = FORMATS[kind]
        n = int(np.prod(shape)) // block * size
        return self.blob[self.data + offset:self.data + offset + n]

    def tensor(self, name):
        shape, kind, _ = self.infos[name]
        return np.array(FORMATS[kind][2](self.bytes_of(name)), np.float32).reshape(shape)
