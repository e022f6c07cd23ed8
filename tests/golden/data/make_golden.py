"""Makes golden checkpoints: tiny random models of each family with transformers' own outputs.

usage: make_golden.py OUT_DIR SEED [FAMILY...]
Per family OUT_DIR/FAMILY/: config.json, model.safetensors (bf16) and golden.safetensors:
  input_ids        [T] int64        the prompt
  logits           [T, V] f32       prefill logits, float32 arithmetic, eager attention
  hidden_<i>       [T, H] f32       hidden state entering layer i; hidden_<L> after the final norm
  router_logits_<i> [T, E] f32      router logits of MoE layer i, before softmax (where the family exposes them)
  greedy_ids       [N] int64        greedy continuation
  greedy_logits    [N, V] f32       the logits that chose them
"""
import json
import os
import sys

import torch
import transformers as tf
from safetensors.torch import save_file

T, N = 48, 24


def cfgs(v):
    """v: 0 or 1, a second set of shapes."""
    rope = dict(rope_type="default", rope_theta=10000000.0, partial_rotary_factor=0.25)
    qwen35 = dict(vocab_size=320 + 64 * v, hidden_size=128 + 64 * v, num_hidden_layers=4 + 2 * v, num_attention_heads=4, num_key_value_heads=2,
                  head_dim=32 + 32 * v, linear_num_key_heads=2 + v, linear_num_value_heads=4 + 5 * v, linear_key_head_dim=32, linear_value_head_dim=32,
                  linear_conv_kernel_dim=4, moe_intermediate_size=64 + 32 * v, shared_expert_intermediate_size=64, num_experts=16,
                  num_experts_per_tok=4 + v, max_position_embeddings=4096, tie_word_embeddings=False, full_attention_interval=4)
    out = {}
    out["qwen3_5_moe"] = ("Qwen3_5MoeForCausalLM", "Qwen3_5MoeTextConfig", dict(
        qwen35, rope_parameters=dict(rope, mrope_section=[2, 1, 1] if not v else [4, 2, 2], mrope_interleaved=True)))
    out["qwen3_next"] = ("Qwen3NextForCausalLM", "Qwen3NextConfig", dict(
        qwen35, rope_parameters=dict(rope), decoder_sparse_step=1, norm_topk_prob=True, mlp_only_layers=[], intermediate_size=96))
    out["qwen3_moe"] = ("Qwen3MoeForCausalLM", "Qwen3MoeConfig", dict(
        vocab_size=320, hidden_size=128 + 128 * v, num_hidden_layers=3, num_attention_heads=8, num_key_value_heads=2, head_dim=32, intermediate_size=96,
        moe_intermediate_size=64, num_experts=16, num_experts_per_tok=4, norm_topk_prob=True, tie_word_embeddings=bool(v), max_position_embeddings=4096))
    out["gpt_oss"] = ("GptOssForCausalLM", "GptOssConfig", dict(
        vocab_size=320, hidden_size=128, intermediate_size=64 + 64 * v, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=2, head_dim=32,
        num_local_experts=8, num_experts_per_tok=2 + 2 * v, sliding_window=16, max_position_embeddings=4096))
    out["glm4_moe"] = ("Glm4MoeForCausalLM", "Glm4MoeConfig", dict(
        vocab_size=320, hidden_size=128, intermediate_size=192, num_hidden_layers=4, num_attention_heads=8, num_key_value_heads=2, head_dim=32,
        moe_intermediate_size=64, n_routed_experts=16, n_shared_experts=1, num_experts_per_tok=4, first_k_dense_replace=1, n_group=1, topk_group=1,
        routed_scaling_factor=2.5, use_qk_norm=bool(v), norm_topk_prob=True, max_position_embeddings=4096))
    out["deepseek_v3"] = ("DeepseekV3ForCausalLM", "DeepseekV3Config", dict(
        vocab_size=320, hidden_size=128, intermediate_size=192, moe_intermediate_size=64, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4,
        n_shared_experts=1, n_routed_experts=16, routed_scaling_factor=2.5, kv_lora_rank=32, q_lora_rank=48 if not v else None, qk_rope_head_dim=16, v_head_dim=32,
        qk_nope_head_dim=32, n_group=4, topk_group=2, num_experts_per_tok=4, first_k_dense_replace=1, norm_topk_prob=True, max_position_embeddings=4096))
    out["olmoe"] = ("OlmoeForCausalLM", "OlmoeConfig", dict(
        vocab_size=320, hidden_size=128, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=4, num_experts=16,
        num_experts_per_tok=4, max_position_embeddings=4096))
    out["mixtral"] = ("MixtralForCausalLM", "MixtralConfig", dict(
        vocab_size=320, hidden_size=128, intermediate_size=192, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, num_local_experts=8,
        num_experts_per_tok=2, max_position_embeddings=4096))
    out["minimax_m2"] = ("MiniMaxM2ForCausalLM", "MiniMaxM2Config", dict(
        vocab_size=320, hidden_size=128, intermediate_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=32,
        num_local_experts=16, num_experts_per_tok=4, max_position_embeddings=4096))
    out["kimi_linear"] = ("KimiLinearForCausalLM", "KimiLinearConfig", dict(
        vocab_size=320, hidden_size=128, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=4, intermediate_size=192, moe_intermediate_size=64,
        num_experts=16, num_experts_per_token=4, max_position_embeddings=4096, pad_token_id=0, bos_token_id=1, eos_token_id=2))
    return out


def cfg_tied(model):
    return bool(getattr(model.config, "tie_word_embeddings", False))


def shake(model, g):
    """Random weights that matter: spread norms, biases and routers away from their initial values."""
    for name, p in model.named_parameters():
        with torch.no_grad():
            if p.ndim == 1:
                p.add_(torch.randn(p.shape, generator=g) * 0.1)
            else:
                fan = p.shape[-1]
                s = 1.0 / fan ** 0.5
                if "embed" in name:
                    s = 1.0 if not cfg_tied(model) else 0.1
                if name.endswith(("gate.weight", "router.weight")):
                    s = 2.0 / fan ** 0.5
                p.copy_(torch.randn(p.shape, generator=g) * s)
    for name, b in model.named_buffers():
        if "e_score_correction_bias" in name:
            with torch.no_grad():
                b.copy_(torch.randn(b.shape, generator=g) * 0.05)


def main():
    out, seed = sys.argv[1], int(sys.argv[2])
    v = seed % 2
    only = sys.argv[3:]
    for fam, (mc, cc, kw) in cfgs(v).items():
        if only and fam not in only:
            continue
        try:
            g = torch.Generator().manual_seed(seed)
            torch.manual_seed(seed)
            cfg = getattr(tf, cc)(**kw)
            cfg._attn_implementation = "eager"
            cfg.dtype = torch.float32
            m = getattr(tf, mc)(cfg).float().eval()
            shake(m, g)
            # Weights exactly representable in bf16, arithmetic in float32. The cast also rounds the rotary frequencies,
            # which transformers keeps in float32 when it loads a checkpoint: they are put back.
            kept = {n: b.clone() for n, b in m.named_buffers() if n.endswith("inv_freq")}
            m = m.to(torch.bfloat16).float()
            with torch.no_grad():
                for n, b in m.named_buffers():
                    if n in kept:
                        b.copy_(kept[n])
            d = os.path.join(out, fam)
            import copy
            copy.deepcopy(m).to(torch.bfloat16).save_pretrained(d)
            ids = torch.randint(0, cfg.vocab_size, (1, T), generator=g)
            routers = {}
            with torch.no_grad():
                o = m(input_ids=ids, output_hidden_states=True, use_cache=False)
                gold = {"input_ids": ids[0].clone(), "logits": o.logits[0].float().clone()}
                for i, h in enumerate(o.hidden_states):
                    gold[f"hidden_{i}"] = h[0].float().clone()
                try:
                    r = m(input_ids=ids, output_router_logits=True, use_cache=False).router_logits
                    for i, x in enumerate(r or ()):
                        gold[f"router_logits_{i}"] = x.reshape(T, -1).float().clone()
                except Exception as e:
                    print(fam, "no router logits", repr(e)[:80])
                cur, new, lg = ids, [], []
                for _ in range(N):
                    l = m(input_ids=cur, use_cache=False).logits[0, -1].float()
                    lg.append(l.clone()); t = int(l.argmax()); new.append(t)
                    cur = torch.cat([cur, torch.tensor([[t]])], 1)
                gold["greedy_ids"] = torch.tensor(new); gold["greedy_logits"] = torch.stack(lg)
            save_file({k: t.contiguous() for k, t in gold.items()}, os.path.join(d, "golden.safetensors"))
            top2 = torch.topk(gold["greedy_logits"], 2).values
            print(fam, "ok", sum(p.numel() for p in m.parameters()), "params; min greedy margin", float((top2[:, 0] - top2[:, 1]).min()),
                  "logit std", float(gold["logits"].std()), flush=True)
        except Exception as e:
            import traceback
            print(fam, "FAILED", repr(e)[:300]); traceback.print_exc(limit=3)


main()
