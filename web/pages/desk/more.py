"""更多: the pages that do not fit the main menu, by role."""

from __future__ import annotations

from flask import Blueprint, render_template

from engine.casework.organisation import access
from engine.casework.supervision.figures import reading
from engine.prevention.campaign import module_lists
from engine.prevention.campaign.reports import lists as reports
from engine.prevention.identification.matching import batches as matching
from engine.prevention.quality.alarms import weekly as alarms
from engine.prevention.quality.entries import reviews
from engine.prevention.quality.sampling import samples
from engine.prevention.rollback import lists as batches
from engine.prevention.screening import intake
from web.request.signing import account

blueprint = Blueprint("more", __name__)
JOBS = access.CASE_ROLES | {access.PROCESS_OWNER}
SECTIONS = {
    "办理": (
        ("inbox.started", "我发起的", "由我录入线索开出的事项", access.CASE_ROLES),
        ("jobs.index", "后台任务", "我开始的批量办理、导入、迁移：做到哪里，停下", JOBS),
        ("matching.index", "信息比对", "报送批次、送部门、部门反馈、返回各户", matching.ROLES),
        ("batches.index", "申请批次", "回退、清退逐级报批的批次和名单", batches.ROLES),
        ("papers.index", "文书", "已编号的公告、公示、呈报名单、审批表", access.CASE_ROLES),
        ("transfers.index", "移交", "农户移交到外地、从外地移交来：接收、不接收、撤回", access.CASE_ROLES),
    ),
    "发现风险": (
        (
            "departments.index",
            "部门信息",
            "部门的名单和预警：成为线索的、留待核对的、标准",
            access.CASE_ROLES,
        ),
        (
            "hazards.index",
            "规模性风险",
            "灾害和隐患的报告、会商、预案，批量录入线索，重点关注区域",
            access.CASE_ROLES,
        ),
        ("campaigns.index", "集中排查", "逐户筛查的进度、名单、时间节点和培训", access.CASE_ROLES),
        ("doorstep.shell", "手机入户排查", "名单带在手机上逐户填，没有网络也能用", intake.ENTERS),
        ("doorstep.rescuing", "上传救援文件", "手机报不上去时导出的文件，在这里收下", intake.ENTERS),
    ),
    "帮扶": (
        ("measures.index", "帮扶措施", "未完成和逾期的措施，登记进展", access.CASE_ROLES),
        ("officials.index", "帮扶责任人", "每人联系多少户，哪些户还没有", access.CASE_ROLES),
        ("schedules.index", "定期开展", "回头看、存量帮扶核查等多久开展一次", {"county_approver"}),
    ),
    "数据": (
        ("register.index", "台账", "监测对象名册，筛选、导出 Excel", access.CASE_ROLES),
        ("foreign.index", "一张表", "别的单位发来的空表，从登记簿填好取回", access.CASE_ROLES),
        ("findings.index", "问题数据", "规则、抽查查出的问题：整改到哪一步，各地的数", access.CASE_ROLES),
        ("quality_rules.index", "数据质量", "核查规则、每次核查的进度和问题数、参数", access.CASE_ROLES),
        ("samples.index", "抽查", "按层随机抽户核查，谁都能照种子重抽；问题交村整改", samples.DRAWS),
        ("entries.index", "录入复核", "流程以外改的成员、电话住址，由另一个人看过或者退回", reviews.REVIEWS),
        ("corrections.index", "更正", "重复登记的农户合并、错误的线索撤销，第二人核对", access.CASE_ROLES),
    ),
    "督查、统计和报告": (
        ("supervision.index", "督办", "超期和临期，按地方下钻，催办、督办单、督办函", access.WATCH_ROLES),
        ("supervision.order_list", "督办单", "待答复、已答复、承诺已过的督办单", access.CASE_ROLES),
        ("alarms.index", "标注提示", "集中标注、数目雷同、应消未核：每周如实列出，供督查看", alarms.SEES),
        ("statistics.index", "统计", "按时率、用时、异议、退回，按地方和时间", reading.ROLES),
        ("reports.index", "总结报告", "集中排查的总结：附表、审定、盖章、报省级", reports.SEES),
        ("modules.index", "乡镇监测模块", "各乡镇的年度数据：填报、审核、导出", module_lists.SEES),
    ),
    "流程": (
        ("procedures.index", "流程", "每个流程的版本、说明、对比、启用、迁移", {access.PROCESS_OWNER}),
        ("drafts.index", "流程草稿", "画图改流程，检查通过后启用", {access.PROCESS_OWNER}),
        ("administration.approval", "流程审批", "改流程是否须第二人同意", {access.SECURITY_ADMIN}),
    ),
    "账号和系统": (
        ("accounts.index", "账号", "谁能登录：添加、停用、解锁、重置、交接", {access.ACCOUNT_ADMIN}),
        ("accounts.requests", "角色授权", "系统管理员申请的角色，同意或不同意", {access.SECURITY_ADMIN}),
        ("accounts.index", "账号和角色", "谁在哪里有什么角色，收回角色", {access.SECURITY_ADMIN}),
        (
            "accounts.rules",
            "登录的规定",
            "输错几次、锁多久、一次登录多长、密码多久一换",
            {access.SECURITY_ADMIN},
        ),
        (
            "departments.programmes",
            "部门的令牌",
            "部门的系统用接口上报预警：发放、收回",
            {access.ACCOUNT_ADMIN},
        ),
        ("parameters.index", "参数", "监测范围、节假日和调休、单位的名称电话印章", set(access.ROLE_NAMES)),
        (
            "ladder.index",
            "通知规则",
            "预警、超期、催办通知谁，怎样通知",
            {access.PROCESS_OWNER, access.ACCOUNT_ADMIN},
        ),
        (
            "administration.running",
            "运行",
            "进程、时限、故障、备份、空间：好不好，不好怎么办",
            {access.ACCOUNT_ADMIN},
        ),
        ("ladder.messages", "外发消息", "邮件和群机器人：待发送、发送失败、重新发送", {access.ACCOUNT_ADMIN}),
        ("administration.index", "故障", "系统没能办成的步骤，重试", {access.ACCOUNT_ADMIN}),
        ("journal.index", "日志", "谁在什么时候做了什么：查找、导出、核对", {access.AUDIT_ADMIN}),
    ),
}
"""What the pages are for; of each its endpoint, name, what it shows, whose it is."""


@blueprint.get("/more")
def index() -> str:
    """The links that the official's roles open, by what they are for."""
    roles = {grant.role for grant in account().grants}
    mine = {name: [link for link in links if roles & set(link[3])] for name, links in SECTIONS.items()}
    return render_template("desk/more.html", sections={name: links for name, links in mine.items() if links})
