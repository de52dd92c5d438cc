package gatewaytest

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// reply is what the simulator says to a prompt.
func reply(prompt string) string {
	wantsXML := strings.Contains(prompt, "[[xml]]")
	prompt = strings.TrimSpace(delayWord.ReplaceAllString(faultWord.ReplaceAllString(prompt, ""), ""))
	prompt = strings.TrimSpace(strings.ReplaceAll(prompt, "[[xml]]", ""))
	text := compose(prompt)
	if !wantsXML {
		return text
	}
	return "<thinking>This is the simulated thinking part; it is not for the user.</thinking>\n<final>" +
		strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(text) + "</final>"
}

func compose(prompt string) string {
	chinese := strings.ContainsFunc(prompt, func(r rune) bool { return unicode.Is(unicode.Han, r) })
	lower := strings.ToLower(prompt)
	for _, t := range topics {
		for _, word := range t.words {
			if strings.Contains(lower, word) {
				if chinese {
					return fmt.Sprintf(chineseFrame, quote(prompt), t.chinese)
				}
				return fmt.Sprintf(englishFrame, quote(prompt), t.english)
			}
		}
	}
	if chinese {
		return fmt.Sprintf(chineseFrame, quote(prompt), chineseGeneral)
	}
	return fmt.Sprintf(englishFrame, quote(prompt), englishGeneral)
}

// quote is the start of the prompt on one line.
func quote(prompt string) string {
	const limit = 60
	prompt = strings.Join(strings.Fields(prompt), " ")
	if utf8.RuneCountInString(prompt) > limit {
		return string([]rune(prompt)[:limit]) + "…"
	}
	return prompt
}

const (
	englishFrame = "Hello! I am the model simulator that comes with Tessera, not a real language model, so please do not rely on what I say. You wrote: “%s”\n\n%s\n\n" +
		"Every word of this reply travelled as an event of its own: the simulator streamed it, Tessera wrote it to the message's log, and then it came to you. " +
		"If the connection breaks, come back with the last event id and you will get the rest, once and in order."
	chineseFrame = "你好！我是 Tessera 自带的模型模拟器，不是真正的大语言模型，请不要把我的话当真。你说的是：「%s」\n\n%s\n\n" +
		"这段回复里的每个词都是单独的事件：模拟器把它流式发出，Tessera 先写进这条消息的日志，再送到你面前。" +
		"如果连接中断，带上最后一个事件编号重新连接，剩下的内容会按顺序、不重复地补给你。"
	englishGeneral = "Since I only know a few sentences, here is a general one: take the question apart, write down what you know for certain, " +
		"check the rest one point at a time, and keep the notes. With a real upstream configured, this is where its answer would stand."
	chineseGeneral = "我只会说几句话，就说点通用的：先把问题拆开，写下确定知道的部分，其余的逐条核实，并留下记录。" +
		"配置好真正的上游之后，这里就是它的回答。"
)

// topics are the few things the simulator knows; the first whose word is in the
// prompt is taken.
var topics = []struct {
	words            []string
	english, chinese string
}{
	{
		[]string{"who are you", "你是谁", "你是什么"},
		"Who am I? A few hundred lines of Go that pretend to be an OpenAI-compatible server, so that you can try everything without an account anywhere.",
		"我是谁？几百行 Go 代码，假装成一个兼容 OpenAI 的服务，让你不用任何账号就能把整个流程走一遍。",
	},
	{
		[]string{"joke", "笑话"},
		"A joke, then: a streaming parser walks into a bar, and the bartender asks, “What will it be?” The parser answers, “I cannot say yet, I have only read half of it.”",
		"那就讲个笑话：流式解析器走进一家酒吧，酒保问：“喝点什么？”它说：“还不知道，我才读了一半。”",
	},
	{
		[]string{"count", "数数", "数到"},
		"Counting: one, two, three, four, five, six, seven, eight, nine, ten. Each number came by itself, and none was lost or repeated on the way.",
		"数数：一、二、三、四、五、六、七、八、九、十。每个数字都是单独到达的，路上没有丢，也没有重复。",
	},
	{
		[]string{"train", "workout", "exercise", "训练", "健身", "运动"},
		"A simple week of training, as an example only: two days of strength, two days of easy running, one day of stretching, and two days of rest. Begin lightly, and ask somebody who knows before you add weight.",
		"一个简单的训练周，仅作示例：两天力量，两天轻松跑，一天拉伸，两天休息。从轻的开始，加重量之前先请教懂的人。",
	},
	{
		[]string{"hello", "hi ", "你好", "您好"},
		"Nice to meet you. Ask me to count, to tell a joke, or who I am; anything else gets a general answer.",
		"很高兴认识你。可以让我数数、讲笑话，或者问我是谁；其他问题我会给一个通用的回答。",
	},
}

// words cuts a reply as a model would send it: a word with the space before it,
// or two Chinese characters.
func words(text string) []string {
	var out []string
	var b strings.Builder
	han := 0
	flush := func() {
		if b.Len() > 0 {
			out = append(out, b.String())
			b.Reset()
		}
		han = 0
	}
	for _, r := range text {
		isHan := unicode.Is(unicode.Han, r)
		if (unicode.IsSpace(r) || isHan && han == 0 || han == 2) && b.Len() > 0 {
			flush()
		}
		b.WriteRune(r)
		if isHan {
			han++
		}
	}
	flush()
	return out
}
