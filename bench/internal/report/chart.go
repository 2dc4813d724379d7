package report

import (
	"fmt"
	"html"
	"os"
	"strings"
)

// bar is one bar of the chart.
type bar struct {
	group, label string
	value        float64
	shown        string
	ours         bool
}

// Bar adds a bar to the chart. The bars of a group share a scale; ours stands
// out.
func (r *Report) Bar(group, label string, value float64, shown string, ours bool) {
	r.bars = append(r.bars, bar{group, label, value, shown, ours})
}

// The measures of the chart, in pixels.
const (
	chartWidth = 940
	labelWidth = 430
	valueWidth = 110
	barHeight  = 18
	lineHeight = 24
	groupSpace = 34
)

// SVG writes the chart into a file.
func (r *Report) SVG(path, title string) error {
	var b strings.Builder
	y := 30
	text := func(x, y, size int, anchor, s string) {
		fmt.Fprintf(&b, "<text x=\"%d\" y=\"%d\" font-size=\"%d\" text-anchor=\"%s\">%s</text>\n", x, y, size, anchor, html.EscapeString(s))
	}
	text(10, y, 17, "start", title)
	y += 20
	text(10, y, 11, "start", r.machine)
	for i, row := range r.bars {
		if i == 0 || row.group != r.bars[i-1].group {
			y += groupSpace
			text(10, y, 13, "start", row.group)
			y += 10
		}
		width := float64(chartWidth-labelWidth-valueWidth) * row.value / r.largest(row.group)
		colour := "#9aa5b1"
		if row.ours {
			colour = "#2563eb"
		}
		text(labelWidth-8, y+barHeight-5, 12, "end", row.label)
		fmt.Fprintf(&b, "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" rx=\"2\" fill=\"%s\"/>\n", labelWidth, y, max(width, 1), barHeight, colour)
		text(labelWidth+int(width)+6, y+barHeight-5, 12, "start", row.shown)
		y += lineHeight
	}
	y += 10
	svg := fmt.Sprintf("<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" viewBox=\"0 0 %d %d\" font-family=\"sans-serif\" fill=\"#1f2933\">\n"+
		"<rect width=\"100%%\" height=\"100%%\" fill=\"#ffffff\"/>\n%s</svg>\n", chartWidth, y, chartWidth, y, b.String())
	return os.WriteFile(path, []byte(svg), 0o600)
}

func (r *Report) largest(group string) float64 {
	largest := 1e-9
	for _, row := range r.bars {
		if row.group == group {
			largest = max(largest, row.value)
		}
	}
	return largest
}
