/**
 * Pages for people: {@link io.flm.launch.html.EvaluationPage} of what a model says of pictures that it never saw,
 * {@link io.flm.launch.html.ContactSheet} of what training does to samples, {@link io.flm.launch.html.ComparisonPage} of what a
 * comparison of objectives found. Each is one file that stands alone: no script, no
 * request to anywhere, pictures inside, light or dark as the reader has it. Rendering only: figures come from elsewhere.
 */
@NullMarked
package io.flm.launch.html;

import org.jspecify.annotations.NullMarked;
