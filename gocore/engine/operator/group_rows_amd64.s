#include "textflag.h"

// How many rows ahead memory is asked for: their lines take some 100 ns to come, a row one or two.
#define AHEAD 128

// ASK asks for the line of the row AHEAD of AX, or of the last within the capacity.
#define ASK \
	LEAQ AHEAD(AX), R9         \
	CMPQ R9, R13               \
	CMOVQGT R13, R9            \
	MOVL (DX)(R9*4), R9        \
	PREFETCHT0 (R8)(R9*8)

// func addIntRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer)
TEXT ·addIntRows(SB), NOSPLIT, $0-64
	MOVQ cells+0(FP), DI
	MOVQ ids_base+8(FP), SI
	MOVQ ids_len+16(FP), CX
	MOVQ rows_base+32(FP), DX
	MOVQ values+56(FP), R8
	MOVQ rows_cap+48(FP), R13
	XORQ AX, AX
	DECQ R13
	TESTQ CX, CX
	JZ done
loop:
	ASK
	MOVL (SI)(AX*4), R10
	MOVL (DX)(AX*4), R11
	MOVQ (R8)(R11*8), R11
	MOVQ R11, R12
	SARQ $63, R12
	ADDQ R11, (DI)(R10*8)
	ADCQ R12, 8(DI)(R10*8)
	INCQ AX
	CMPQ AX, CX
	JLT loop
done:
	RET

// func addFloatRows(cells unsafe.Pointer, ids, rows []uint32, values unsafe.Pointer) int
//
// X0 the value, X1 and X2 the words, X3 and X6 the new ones; see addWords.
TEXT ·addFloatRows(SB), NOSPLIT, $0-72
	MOVQ cells+0(FP), DI
	MOVQ ids_base+8(FP), SI
	MOVQ ids_len+16(FP), CX
	MOVQ rows_base+32(FP), DX
	MOVQ values+56(FP), R8
	MOVQ rows_cap+48(FP), R13
	XORQ AX, AX
	DECQ R13
	TESTQ CX, CX
	JZ done
loop:
	ASK
	MOVL (SI)(AX*4), R10
	MOVL (DX)(AX*4), R11
	VMOVSD (R8)(R11*8), X0
	VMOVSD (DI)(R10*8), X1
	VMOVSD 8(DI)(R10*8), X2
	VADDSD X0, X1, X3          // sum = hi + x
	VSUBSD X1, X3, X4          // t = sum - hi
	VSUBSD X4, X3, X5          // sum - t
	VSUBSD X5, X1, X5          // hi - (sum - t)
	VSUBSD X4, X0, X4          // x - t
	VADDSD X4, X5, X5          // rest
	VADDSD X5, X2, X6          // low = lo + rest
	VSUBSD X2, X6, X7          // low - lo
	VSUBSD X7, X6, X8
	VUCOMISD X5, X7
	JNE done
	JPS done
	VUCOMISD X2, X8
	JNE done
	JPS done
	VMOVSD X3, (DI)(R10*8)
	VMOVSD X6, 8(DI)(R10*8)
	INCQ AX
	CMPQ AX, CX
	JLT loop
done:
	MOVQ AX, ret+64(FP)
	RET
