// The form tool's words; what is not offered here (tables, buttons, pictures) has none.
export const WORDS = {
  "Components": "表单项", "Search components": "查找表单项", "No components found.": "没有找到。", "Clear content": "清空",
  "Input": "填写", "Selection": "选择", "Presentation": "显示", "Containers": "容器", "Action": "操作",
  "Text field": "单行文字", "Text area": "多行文字", "Number": "数字", "Date time": "日期", "Date": "日期", "Expression": "计算", "File picker": "附件", "Checkbox": "勾选", "Checkbox group": "多选",
  "Radio group": "单选", "Select": "下拉", "Tag list": "标签多选", "Text view": "说明文字", "Spacer": "空白", "Separator": "横线", "Group": "分组", "Dynamic list": "可增减的行", "Form": "表单",
  "TEXT FIELD": "单行文字", "TEXT AREA": "多行文字", "General": "常用", "Condition": "条件", "Layout": "宽窄", "Appearance": "样子", "Validation": "核对", "Custom properties": "其他设置", "Options source": "选项来源", "Static options": "选项",
  "Hide if": "隐藏的条件", "Field label": "名称", "Label": "名称", "Date label": "名称", "Group label": "分组名称", "Field description": "说明", "Key": "字段名", "Path": "字段名", "Default value": "默认值", "Read only": "只读",
  "Disabled": "停用", "Required": "必填", "Minimum length": "最少字数", "Maximum length": "最多字数", "Minimum": "最小", "Maximum": "最大", "Custom regular expression": "格式规则（正则表达式）", "Custom error message": "不符时的提示",
  "Decimal digits": "小数位数", "Increment": "每次增减", "Subtype": "类型", "Columns": "占几列（共 16 列）", "Auto": "自动", "Vertical alignment": "上下对齐", "Top": "上", "Center": "中", "Bottom": "下", "Suffix": "单位", "Prefix": "前缀", "Height": "高度",
  "Text": "文字", "Type": "类型", "Value": "值", "Values": "选项", "Static": "逐个列出", "Dynamic": "来自变量", "List of items": "选项", "Supported file formats": "文件种类", "Upload multiple files": "可传多个", "Default number of items": "开始时几行", "Allow add/delete items": "可以增减行",
  "Disable collapse": "不折叠", "Number of non-collapsing items": "不折叠的行数", "Show outline": "显示边框", "Compute on": "何时计算", "Value changes": "填写时", "Form submission": "提交时", "Target value": "算式", "Searchable": "可查找", "Repeatable": "可重复", "Checked": "已勾选", "Not checked": "未勾选", "<none>": "（无）",
  "Remove form field": "删除", "Delete": "删除", "Duplicate form field": "复制", "Drag and drop components here": "把左边的表单项拖到这里", "Build your form": "做一张表单", "Drag and drop components here to start designing.": "把左边的表单项拖到这里。",
  "Select a form field to edit its properties.": "点中间的一项，在这里改它。", "Multiple form fields are selected. Select a single form field to edit its properties.": "选中了多项，请只选一项。", "Create": "加一个", "Create new list item": "加一个选项", "Delete item": "删除选项", "Toggle section": "展开或收起", "Toggle list item": "展开或收起", "Section contains edits": "改过", "List contains edits": "改过", "Section contains an error": "有错误", "List contains {numOfItems} items": "选项",
  "Select...": "请选择", "Open pop-up editor": "放大编辑", "Opened in editor": "已放大编辑", "Must not be empty.": "不能空着。", "Must not be empty": "不能空着", "Must be unique.": "不能重复。", "Must be a unique value.": "不能重复。", "Must not contain spaces.": "不能有空格。", "Computed": "计算所得",
  "Only used for the form definition, doesn't appear in the form.": "",
  "Click to set a dynamic value with FEEL expression": "改用表达式", "Click to remove FEEL expression": "不用表达式", "Binds to a form variable": "填写的内容存为这个名称，用英文", "FEEL expression is mandatory": "要写表达式",
  "Condition under which the field is hidden": "条件成立时不显示，也不用填", "Condition under which the field is deactivated": "条件成立时不计算", "Deactivate if": "不计算的条件", "List contains 1 item": "一个选项",
  "Define an expression to calculate the value of this field": "按这个算式由系统计算", "Where the child variables of this component are pathed to.": "每行的内容存在这个名称下，用英文", "A comma-separated list of": "用逗号隔开的", "Documentation": "说明", "Edit": "修改", "Options": "选项",
  "Browse": "选择文件", "No files selected": "没有选择", "Placeholder": "提示", "mm/dd/yyyy": "年/月/日", "Click": "单击", "file type specifiers": "文件种类",
  "Supports markdown and templating.": "可以用 Markdown 分段、加粗、列清单。", "Learn more": "",
  "Make this field read-only when it cannot be edited by the end-user, but its content is important for them to see. Its data will still be submitted.": "给办理人看、但不让改的内容；提交时照样带上。",
  "Use a unique \"key\" to link the form element and the related input/output data. When dealing with nested data, break it down in the user task's input mapping before using it.": "表单里不能重复；条件、决策表、打印都按它取值，启用后不要再改。",
  "Routes the children of this component into a form variable, may be left empty to route at the root level.": "每行的内容存在这个名称下。", "Routes the children of this component into a form variable.": "每行的内容存在这个名称下。",
  "The error message to display when the input does not match the regular expression.": "填的内容不合格式时给办理人看的话。",
  "\"List of items\" defines a constant, predefined set of form options.\n\n\"Expression\" defines options that are populated from a FEEL expression.": "“选项”是写在表单里的固定选项。",
  "Should be a valid number": "须是数字", "Should be a valid number.": "须是数字。", "Should be an integer.": "须是整数。", "Should be greater than zero.": "须大于零。", "Should be greater than or equal to zero.": "不能小于零。",
  "Must be a variable or a dot separated path.": "须是英文的字段名。", "Must be a variable or a dot-separated path": "须是英文的字段名", "Must be empty, a variable or a dot-separated path": "须是英文的字段名，或者空着",
  "Must not contain numerical path segments.": "不能用数字作字段名。", "Must not be a prohibited path.": "这个字段名不能用。", "Must not conflict with other key/path assignments.": "与别的字段名冲突。", "Must not cause two binding paths to collide": "与别的字段名冲突",
  "Define an expression to populate the options from.": "选项由算式给出。", "Height of the container in pixels.": "高度（像素）",
  "Nothing selected": "没有选中",
  "Create a Text field element": "加单行文字",
  "Create a Text area element": "加多行文字",
  "Create a Number element": "加数字",
  "Create a Date time element": "加日期",
  "Create a Expression element": "加计算",
  "Create a File picker element": "加附件",
  "Create a Checkbox element": "加勾选",
  "Create a Checkbox group element": "加多选",
  "Create a Radio group element": "加单选",
  "Create a Select element": "加下拉",
  "Create a Tag list element": "加标签多选",
  "Create a Text view element": "加说明文字",
  "Create a Spacer element": "加空白",
  "Create a Separator element": "加横线",
  "Create a Group element": "加分组",
  "Create a Dynamic list element": "加可增减的行",
};

// What the drawing itself says, where labels that people wrote must stay as they are.
export const DRAWN = {
  "Browse": "选择文件", "No files selected": "没有选择", "Select": "请选择", "Drag and drop components here to start designing.": "把左边的表单项拖到这里。", "Build your form": "做一张表单", "Repeatable": "可增减", "yyyy": "年",
  "Increment": "加", "Decrement": "减", "Powered by bpmn.io": "画表单工具：bpmn.io", "Month": "月", "Year": "年", "mm/dd/yyyy": "年/月/日", "Add new": "增加一行", "Empty": "空", "Use the preview window to test your form.": "在预览里试填。",
};

const MONTHS = "January February March April May June July August September October November December".split(" ");
export const COUNTED = [[/^List contains (\d+) items?$/, "$1 个选项"]];
export const DRAWN_PATTERNS = [
  [/^Remove (.+)$/, (_, kind) => `删除${WORDS[kind] ?? kind}`],
  [/^Expression for '(.+)'$/, "按算式得出：$1"],
  [new RegExp(`^(${MONTHS.join("|")}) (\\d{1,2}), (\\d{4})$`), (_, month, day, year) => `${year}年${MONTHS.indexOf(month) + 1}月${day}日`],
];
