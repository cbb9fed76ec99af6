/** Trains, fine-tunes and evaluates neural networks under any learning rule. */
package org.signsym;
