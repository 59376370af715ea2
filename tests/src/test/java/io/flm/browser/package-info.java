/**
 * A real browser, driven by its own protocol for developer tools: {@link io.flm.browser.Chromium} starts it, a
 * {@link io.flm.browser.Tab} shows a page, uses it by mouse and keyboard, and keeps every message of its console.
 */
@NullMarked
package io.flm.browser;

import org.jspecify.annotations.NullMarked;
