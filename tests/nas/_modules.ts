/** A direct cell, the published Inception-like one, and two with a pool and inner edges. */
export const cells = {
  A: "01/00:input,output",
  B: "0111010/0000001/0000001/0000100/0000001/0000001/0000000:input,conv1x1-bn-relu,conv3x3-bn-relu," +
    "conv3x3-bn-relu,conv3x3-bn-relu,maxpool3x3,output",
  C: "0110/0011/0001/0000:input,conv3x3-bn-relu,maxpool3x3,output",
  D: "01001/00111/00011/00001/00000:input,conv3x3-bn-relu,maxpool3x3,conv3x3-bn-relu,output",
};

export const pool = Object.values(cells);
