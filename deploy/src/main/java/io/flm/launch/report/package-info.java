/**
 * What people read of a run: {@link io.flm.launch.report.Progress} while it trains, {@link io.flm.launch.report.StatusText} from
 * another terminal, {@link io.flm.launch.report.HeldOutEvaluation} at its end, {@link io.flm.launch.report.SampleSheets} of its
 * data. The pages themselves are drawn by {@link io.flm.launch.html}.
 */
@NullMarked
package io.flm.launch.report;

import org.jspecify.annotations.NullMarked;
