"""What the register calls the kinds and states of households, in words."""

from __future__ import annotations

HEAD = "户主"
"""By whom a household is named in every list."""
TYPE_NAMES = {
    "ordinary": "一般农户",
    "lifted_with_policy": "脱贫享受政策户",
    "lifted_without_policy": "脱贫不享受政策户",
    "allowance": "低保户",
    "destitute": "特困供养户",
}
STATUS_NAMES = {
    "ordinary": "一般农户",
    "identifying": "识别认定中",
    "monitored": "监测对象",
    "eliminated": "风险已消除",
    "cleared": "已清退",
    "merged": "已并入另一户",
    "gone": "全户已不在册",
}
CATEGORY_NAMES = {"unstable": "脱贫不稳定户", "marginal": "边缘易致贫户", "sudden_hardship": "突发严重困难户"}
