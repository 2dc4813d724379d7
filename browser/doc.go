// Package browser is a test: html that package markup makes of known attacks
// runs nothing and loads nothing in a real browser, headless Chromium. It is a
// module of its own, which needs that browser.
package browser
